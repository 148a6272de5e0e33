"""One typed function per question to the store, usable without HTTP. Every question carries its limits."""
