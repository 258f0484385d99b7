// Included before each C++ file of whisper.cpp (CMAKE_CXX_FLAGS in config.toml). whisper.cpp aligns words on a backend of
// its own, to which it gives ggml's default of four threads, whatever `n_threads` says. They spin at barriers: 55 to 100 ms
// of processor time a segment for 2 ms of work, and on shared cores they keep each other waiting.
#if defined(__has_include)
#if __has_include("ggml.h")
#include "ggml.h"
#undef GGML_DEFAULT_N_THREADS
#define GGML_DEFAULT_N_THREADS 1
#endif
#endif
