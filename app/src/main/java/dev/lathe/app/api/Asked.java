package dev.lathe.app.api;

/** What something long was asked to do, and has not done yet. */
record Asked(String id, String state) {}
