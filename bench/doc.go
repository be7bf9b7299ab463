// Package bench measures Weir's binary on a real broker, from outside and beside a bare loop of the same Kafka client.
// Its tests have the build tag "bench"; they run on Linux, since they read /proc. What they measured stands in
// docs/benchmarks.md.
//
//	make bench PKG=./bench                               # everything, about half an hour
//	make bench PKG=./bench BENCH_ONLY=copy               # one row: about a minute
//	make bench PKG=./bench BENCH_ONLY=classify-100ms BENCH_ROUNDS=1 BENCH_PROFILE=/tmp/p
//
// # Knobs
//
//	BENCH_ONLY        what to run, separated by commas: copy, classify, wordcount, at-least-once, bare (or one of their rows,
//	                  such as copy-100ms), exchange, instances, large, latency, memory, recovery, timers; all of them by default
//	BENCH_RECORDS     input of a throughput run, 4,000,000 by default; an eighth of it for wordcount
//	BENCH_ROUNDS      how often each contender runs, 3 by default; also restarts per kind of recovery
//	BENCH_SECONDS     measured seconds of the latency run, 30 by default
//	BENCH_MINUTES     length of the memory run, 10 by default
//	BENCH_KEYS        keys of the memory and recovery runs, 1,000,000 by default; of the large one, 10,000,000
//	BENCH_WINDOW      seconds from the start to the end of the window of the timers run, 45 by default: it has to be full by then
//	BENCH_PROCESSORS  binaries to compare in throughput and timers rows, interleaved: old=/tmp/a,new=/tmp/b; by default the tree's
//	BENCH_PROFILE     a folder for CPU and allocation profiles of Weir; the processor is then built with a profiler
//	BENCH_BARE        flags of the bare loop, to try other settings of the client: "-producer linger.ms=20"
//	BENCH_LOGS        a folder that keeps the logs of all processes
//	BENCH_WRITE       write docs/benchmarks.md; by default if none of the other knobs is set
//	WEIR_…            handed on to Weir, to try other settings
//
// # Method
//
// One broker in a container serves all runs. Inputs come from a fixed seed, have four partitions and are written before anything
// is measured. Each contender is a process of its own that starts with an empty group, an empty output topic and an
// empty folder. Every 50 ms the committed offsets of its group are read: with exactly-once they are part of the same
// transaction as the outputs, so they say how much of the output is committed, for the bare loop as for Weir. CPU and
// memory come from /proc. Records per second and CPU are taken between 10 % and 90 % of the input. When it is done, the whole
// committed output is read and judged: nothing missing, nothing twice, every running value in order.
//
// Contenders take turns: all of a round, then the next round. A ratio is that of two runs of one round.
package bench
