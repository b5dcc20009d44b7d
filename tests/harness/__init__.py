"""What end-to-end tests and benchmarks drive the real server with."""
