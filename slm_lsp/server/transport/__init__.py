"""Messages: framing on stdin and stdout, handshake, dispatch and the event loop."""
