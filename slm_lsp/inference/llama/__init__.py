"""llama.cpp: the only code that imports llama_cpp."""
