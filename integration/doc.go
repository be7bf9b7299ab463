// Package integration tests the binary as a black box against real Kafka brokers in containers. Its tests have the build
// tag "integration"; `make integration` runs them and says what is missing.
//
// One test again, with the choices of the run that failed (which prints this line):
//
//	go test -tags integration ./integration -count=1 -v -run 'TestKillAtRandom/exactly-once' -weir.seed=42
//
// # Layout
//
//	main_test.go       flags, the shared broker, the binary (built once, with fail points)
//	process_test.go    a running instance: kill -9, freeze and thaw, SIGTERM, its log and its metrics
//	job_test.go        a job with topics, folder and settings of its own; instances are started from it
//	text_test.go       seeded text, and the truth: how often each word was fed
//	feeder_test.go     writes text with an idempotent producer
//	examples_test.go   runs the programs of examples/, and compares what they write with the truth
//	outputs_test.go    reads committed outputs from the beginning and judges them
//	kafka_test.go      questions to the broker: groups, ends of partitions, offsets
//	fleet_test.go      many instances of one job, and a word count by them
//	pace_test.go       for how long partitions stand still
//	measures_test.go   a job with windows of event time, its input, and the naive truth
//	savepoint_servers_test.go  savepoints on real servers, by the commands
//	store_test.go      a checkpoint store (internal/objecttest) that is killed
//	container_test.go  the image weir:dev as a container beside the broker
//	disk_full_test.go  disks without room: small file systems in memory, as volumes of such containers
//
// The other files are named by what their tests show.
//
// # What is judged
//
// Under exactly-once the committed outputs of each word are 1, 2, … n, in this order, and n is what was fed. Under at-least-once an
// output may come again; each value from 1 to n has to be there and none above, which also shows that state is
// exactly that of the committed offsets: one record counted twice would show as n+1, one lost as a missing n.
//
// With WEIR_EXCHANGE=kafka and at-least-once a count may also be higher than what was fed: what was sent twice to a repartition topic is
// counted twice behind it. None from 1 to n may be missing.
//
// Afterwards nothing may be left open: each partition's last stable offset is its end.
//
// # Long versions
//
// With -weir.long the chain under churn lasts five minutes, three brokers are killed for four, and the state that moves is a gigabyte:
//
//	go test -tags integration ./integration -count=1 -v -timeout 30m -run 'TestChainUnderChurn|TestThreeBrokers|TestStateMoves' -weir.long
//
// # Brokers
//
// Tests share one broker, which forgets expired transactions within a second and admits sessions of a second. Tests that
// injure a broker have their own. Topics, job ids, folders and ports are a test's own, so tests run in parallel; most of their
// time goes into waiting for sessions and transactions to expire.
package integration
