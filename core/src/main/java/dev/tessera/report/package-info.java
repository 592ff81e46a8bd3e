/**
 * Pictures of fields and the page that compares an original with what came back. Uses {@code field}
 * only and writes files that need no network.
 */
package dev.tessera.report;
