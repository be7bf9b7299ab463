//go:build linux && cgo

package cli

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
static void fewArenas(void) { mallopt(M_ARENA_MAX, 2); }
#else
static void fewArenas(void) {}
#endif
*/
import "C"

import "os"

// boundMalloc keeps the C library from giving nearly every thread of librdkafka and Pebble an arena of its own: each keeps what
// was freed in it, which came to 100 MiB with a million keys. Whoever sets MALLOC_ARENA_MAX knows better.
func boundMalloc() {
	if os.Getenv("MALLOC_ARENA_MAX") == "" {
		C.fewArenas()
	}
}
