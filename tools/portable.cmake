# Read by llama.cpp's build right after its project() line, for a runtime that works on every
# processor of its kind: the part that computes is built once for each generation of them, and the
# best one that this processor can execute is chosen when it is loaded.
include(${CMAKE_CURRENT_LIST_DIR}/runtime-only.cmake)
set(GGML_NATIVE OFF)
set(GGML_BACKEND_DL ON)
set(GGML_CPU_ALL_VARIANTS ON)

# All in one folder, which is where the loader looks for what it chooses from.
set(CMAKE_INSTALL_BINDIR llama_cpp/lib)
set(CMAKE_INSTALL_LIBDIR llama_cpp/lib)
set(CMAKE_INSTALL_RPATH $ORIGIN)

# A wheel has no links: each library would be in it three times, and might be loaded twice.
set(CMAKE_PLATFORM_NO_VERSIONED_SONAME ON)
