"""The model: its process, what is said to it, and the only code that imports llama_cpp."""
