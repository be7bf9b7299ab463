//go:build linux && cgo

package cli

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
static void fewArenas(void) { mallopt(M_ARENA_MAX, 2); }
static void mapLarge(void) { mallopt(M_MMAP_THRESHOLD, 8 << 20); mallopt(M_TRIM_THRESHOLD, 16 << 20); }
#else
static void fewArenas(void) {}
static void mapLarge(void) {}
#endif
*/
import "C"

import "os"

// boundMalloc keeps the C library from holding on to what was freed. It would give nearly every thread of librdkafka and Pebble an arena of its own,
// each of which keeps what was freed in it: 100 MiB with a million keys. And once a memtable of 16 MiB is freed, it would take the next ones from arenas, among
// small blocks that stay: 100 MiB more after ten minutes. A threshold that is set no longer follows what is freed, and neither does the one for giving back
// the end of an arena, so that is set as well: it would stay at 128 KiB. Whoever sets MALLOC_ARENA_MAX or MALLOC_MMAP_THRESHOLD_ (mallopt(3)) knows better.
func boundMalloc() {
	if os.Getenv("MALLOC_ARENA_MAX") == "" {
		C.fewArenas()
	}
	if os.Getenv("MALLOC_MMAP_THRESHOLD_") == "" {
		C.mapLarge()
	}
}
