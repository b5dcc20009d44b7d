# Read by llama.cpp's build right after its project() line (CMAKE_PROJECT_llama.cpp_INCLUDE).
# llama-cpp-python switches the library for command-line programs on and never loads it. It takes
# half of the build time, and it is the part that can open network connections.
set(LLAMA_BUILD_COMMON OFF)
include(${CMAKE_CURRENT_LIST_DIR}/compiler.cmake)
