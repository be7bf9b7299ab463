// Package kafkatest starts real Apache Kafka brokers in containers for
// integration tests.
//
//	c := kafkatest.New(t, kafkatest.Options{})        // one broker, gone when t ends
//	err := c.CreateTopic(ctx, "in", 4, nil)
//	… use c.Bootstrap() …
//	err = c.Brokers[0].Kill(ctx)                      // SIGKILL
//	err = c.Brokers[0].Restart(ctx)                   // same address, same data
//	err = c.Brokers[0].WaitReady(ctx)
//
// Tests that share a cluster start it in TestMain with [Start] and end it with
// [Cluster.Close].
//
// # Image
//
// The brokers run apache/kafka (see [Image]): the public image, or the one with
// the same name that scripts/kafka-image.sh builds where no registry can be
// reached. Everything is configured by KAFKA_ variables, which both treat alike.
//
// # Addresses
//
// Host ports are chosen before a broker starts. So the address it advertises is
// known in advance, and a broker that was killed comes back where it was; a port
// that Docker chose would change. Ports lie below 32768, where systems take no
// ports for outgoing connections: while a broker is down nothing else takes its
// port, and no client connects to itself.
//
// # What is left behind
//
// Containers of a test process that was killed are removed by testcontainers'
// reaper where its image can be had. Elsewhere the reaper is turned off for this
// process, and the next Start removes what carries this package's labels and
// belongs to a process of this machine that has ended.
package kafkatest
