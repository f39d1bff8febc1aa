/** Model versions and their lineage. */
@NullMarked
package dev.lathe.registry.models;

import org.jspecify.annotations.NullMarked;
