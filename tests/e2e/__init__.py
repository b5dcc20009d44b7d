"""The real server over stdio, with a scripted model unless a file says otherwise."""
