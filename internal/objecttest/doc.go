// Package objecttest starts real servers for checkpoint stores, as processes of this machine, for integration tests: an S3 gateway, an S3
// server that encrypts and knows web identities, doubles of Google's and Azure's object stores, and a small HDFS, secure or not. scripts/store-servers.sh makes them; a test fails if one is not there.
//
//	s := objecttest.S3(t)                       // gone when t ends
//	store, err := checkpoint.OpenStore(s.URL("prefix"))
//	s.Kill()                                    // SIGKILL
//	s.Restart()                                 // same address, same data
//
// Ports lie below 32768, where systems take no ports for outgoing connections: while a server is down nothing else takes its port.
package objecttest
