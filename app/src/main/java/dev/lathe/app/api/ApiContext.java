package dev.lathe.app.api;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.ComponentScan;

/** The owner's Spring context: the controllers of this package and the gate before them. */
@SpringBootConfiguration
@EnableAutoConfiguration
@ComponentScan({"dev.lathe.app.api", "dev.lathe.app.security"})
public class ApiContext {}
