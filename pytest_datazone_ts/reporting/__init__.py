"""Messages, timelines and pages for a person at a failing test."""
