/* Included before everything else when the runtime is compiled with GCC.

   GCC before 11.5, 12.4, 13.3 and 14 tells its optimiser that _tile_loadconfig reads 8 of the 64
   bytes of a configuration (https://gcc.gnu.org/PR114098). The stores of the others are left out,
   and a processor with AMX ends the process at its first product of matrices. The mark is what
   slm_lsp/platform/amx.py looks for. */
#if defined(__AMX_TILE__) && defined(__cplusplus)
#include <immintrin.h>
#define _tile_loadconfig(config) __asm__ volatile("ldtilecfg\t%0" : : "m"(*(const char(*)[64])(config)))
__asm__(".ident \"slm-lsp: tile configurations are whole\"");
#endif
