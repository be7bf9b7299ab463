package txn

import (
	"cmp"
	"context"
	"log/slog"
	"time"
)

// Partition names one partition of a topic.
type Partition struct {
	Topic string
	ID    int32
}

// Compare orders partitions by topic and number.
func (p Partition) Compare(o Partition) int {
	return cmp.Or(cmp.Compare(p.Topic, o.Topic), cmp.Compare(p.ID, o.ID))
}

// Header is one record header. Keys can repeat; order is kept.
type Header struct {
	Key   string
	Value []byte
}

// Record is one Kafka record, read or to be written. A nil key or value is Kafka's null, which is not the empty one.
type Record struct {
	Key, Value []byte
	Headers    []Header
	// Timestamp is in milliseconds since the epoch. On produce 0 lets the client take the current time.
	Timestamp int64
	Offset    int64 // of a record that was read
	// Topic and Partition of a record to be written. Partition AnyPartition leaves the choice to the partitioner.
	// Records that were read have theirs in the Batch.
	Topic     string
	Partition int32
}

// AnyPartition leaves the choice of the partition to the partitioner (murmur2, as Java's).
const AnyPartition int32 = -1

// Batch holds consecutive records of one partition. Offsets can have gaps (control records, compaction).
// The batch belongs to the receiver, who may hand it back with Recycle when nothing refers to its Records slice
// any more. Keys and values are never reused, but may share memory with their neighbours': copy what is kept for long.
type Batch struct {
	Partition Partition
	Records   []Record
	Bytes     int // of keys and values
}

// Position is where to read on, with what the committer wrote beside it.
type Position struct {
	Offset   int64 // of the next record to read
	Metadata string
}

// GroupMetadata is the consumer's membership (group, generation, member, instance) as of the moment it was
// captured. It is opaque; a driver's consumer makes it and the same driver's producer reads it.
type GroupMetadata any

// RebalanceHandler hears of changes in what the consumer owns. Its methods run inside Poll or Close, on the
// caller's goroutine.
type RebalanceHandler interface {
	// Assigned: these partitions are ours from now on. No record of theirs is returned before Seek names them. meta is the
	// membership that goes with this assignment. A topic that was created a moment ago may be missing in it, for every
	// member; then another assignment follows at once.
	Assigned(parts []Partition, meta GroupMetadata)
	// Revoked: these are to be given back. They stay ours until Revoked returns, and offsets may be committed until
	// then.
	Revoked(parts []Partition)
	// Lost: these are no longer ours.
	Lost(parts []Partition)
}

// Consumer reads records in batches as a member of a group. Its methods are called from one goroutine, except
// those that say otherwise.
type Consumer interface {
	// Poll waits up to wait for a first record and returns at most about max records, fewer if they are large, of any owned partitions.
	// It also serves rebalances and must be called often enough (max.poll.interval.ms), assigned or not. An error is an *Error; after a
	// ClassRetry one Poll can just be called again.
	Poll(wait time.Duration, max int) ([]*Batch, error)
	// Seek sets where to read on and lets records of exactly these partitions flow, and of no others. Records fetched
	// before are dropped; a Pause is over.
	Seek(positions map[Partition]int64) error
	// Pause stops the flow of records of all partitions until Seek or Resume, keeping positions.
	Pause() error
	// Resume undoes Pause.
	Resume() error
	// Hold stops the flow of records of exactly these partitions, keeping positions, and lets the others flow again that were held before. Seek
	// ends it; it is not called during a Pause.
	Hold(parts []Partition) error
	// Position is where a partition that flows goes on: behind every record that Poll has returned and, if ConsumerConfig.TrackEnds is set, also
	// behind offsets without records once the end is reached (control records, aborted ones). -1 if it does not flow.
	Position(p Partition) int64
	// Subscribe changes the topics that are read, or joins the group anew with the same ones so that new partitions are dealt out: what is owned
	// is revoked and assigned again inside later Polls. It is not called inside of a RebalanceHandler.
	Subscribe(topics []string) error
	// Commit commits offsets outside of any transaction, as the member that meta describes (at-least-once). Safe for use beside Poll.
	Commit(ctx context.Context, offsets map[Partition]Position, meta GroupMetadata) error
	// Committed reads the group's committed positions, stably: it waits for pending transactions (KIP-447). A
	// partition without one is missing in the result. Safe for use beside Poll.
	Committed(ctx context.Context, parts []Partition) (map[Partition]Position, error)
	// Ends returns the low and high ends of partitions as the broker has them now (the high end is the last stable offset's
	// upper bound: high watermark). Safe for use beside Poll.
	Ends(ctx context.Context, parts []Partition) (map[Partition]Ends, error)
	// Stable returns the last stable offsets of partitions: what comes before them is decided. Safe for use beside Poll.
	Stable(ctx context.Context, parts []Partition) (map[Partition]int64, error)
	// Since returns for each partition the offset of its first record with a timestamp of at least ts (ms since the epoch), of an open transaction
	// or not, or of a control record; a partition without one is missing in the result. Safe for use beside Poll.
	Since(ctx context.Context, parts []Partition, ts int64) (map[Partition]int64, error)
	// KnownEnd returns the last known high watermark of an owned partition without asking anybody, -1 if unknown.
	// Safe for use beside Poll.
	KnownEnd(p Partition) int64
	// Close leaves the group (as the driver can) and ends the consumer. RebalanceHandler.Revoked or Lost may be called.
	Close() error
}

// Ends are the ends of a partition: Low is the first offset it still holds, High the next it will give.
type Ends struct{ Low, High int64 }

// Producer writes records in batches, inside transactions if it has a transactional id. Begin, SendOffsets, Commit
// and Abort are called one at a time; Produce may be called from several goroutines at once between Begin and Commit.
// Every error is an *Error.
type Producer interface {
	// Init fences older producers of the transactional id and ends their transactions (KIP-98). It is called first
	// and once, and returns at once without a transactional id.
	Init(ctx context.Context) error
	// Begin opens a transaction. Without a transactional id it does nothing.
	Begin() error
	// Produce hands records to the client and blocks while its queue is full: the backpressure. The slice may be reused
	// after the call; keys, values and headers may not be changed before they are delivered (the confluent driver copies). Delivery is
	// known after Flush or Commit.
	Produce(ctx context.Context, records []Record) error
	// Flush returns when every record handed over has been acknowledged, with the first failed delivery as error. A transactional
	// producer whose Commit flushes by itself and fails if a delivery failed returns at once.
	Flush(ctx context.Context) error
	// SendOffsets adds consumed positions to the transaction, checked against the membership (KIP-447).
	SendOffsets(ctx context.Context, offsets map[Partition]Position, meta GroupMetadata) error
	// Commit commits the transaction. An error of ClassUnknown means that nobody knows, and so does ClassFenced. After
	// nil the outcome is decided; read_committed readers see it moments later.
	Commit(ctx context.Context) error
	// Abort aborts it, or ends without a transaction what is still queued.
	Abort(ctx context.Context) error
	// Close ends the producer at once, also while another call is under way; what it has open is aborted by whoever comes next with its id, or expires.
	Close()
}

// Admin asks the cluster. Safe for concurrent use.
type Admin interface {
	// Topics returns the partition count of each topic that exists (missing ones are absent). An error of permission names the
	// topic.
	Topics(ctx context.Context, names []string) (map[string]int, error)
	// AllTopics returns the partition count of each topic that this client may see, but for those that the brokers keep for themselves.
	AllTopics(ctx context.Context) (map[string]int, error)
	// Unwritable returns those of the topics that this client may not write to, as far as the broker tells.
	Unwritable(ctx context.Context, names []string) ([]string, error)
	// Members lists the members of a group now; empty if there is none.
	Members(ctx context.Context, group string) ([]Member, error)
	// Committed reads a group's committed positions of the given partitions, stably; with nil those of all partitions that have one, as of
	// one moment: there one whose very first is still pending is left out, while a partition that is named is waited for.
	Committed(ctx context.Context, group string, parts []Partition) (map[Partition]Position, error)
	// TopicConfig returns the configuration of a topic as it is in force.
	TopicConfig(ctx context.Context, topic string) (map[string]string, error)
	// Limits returns what the topic takes of the records that a producer of this client writes.
	Limits(ctx context.Context, topic string) (Limits, error)
	// ReadAll returns what a read_committed reader gets of a topic from its beginning to its end as of the call, each partition's
	// records in their order. It waits for transactions that are open before that end. It is meant for small topics.
	ReadAll(ctx context.Context, topic string) ([]Record, error)
	// Ahead returns, for each partition of a topic, the offset of the first record at from or behind that a read_committed reader gets before the
	// partition's end as of the call; a partition without one is missing in the result, one that is missing in from is looked at from offset 0. It waits for
	// transactions that are open before that end, and holds no more than a few records in memory.
	Ahead(ctx context.Context, topic string, from map[int32]int64) (map[int32]int64, error)
	// ClusterID is the name that the cluster gave itself.
	ClusterID(ctx context.Context) (string, error)
	// MaxTransactionTimeout is the broker's transaction.max.timeout.ms; 0 if it may not be read.
	MaxTransactionTimeout(ctx context.Context) (time.Duration, error)
	// Leave removes a static member from its group, so that a successor of another name need not wait for the session timeout.
	// With a member id it removes that member only, and not one that has taken over its name since.
	Leave(ctx context.Context, group, instanceID, memberID string) error
	// CreateTopics creates those of the topics that don't exist, with the cluster's own replication factor. One that exists is left as
	// it is, whatever its partition count: ask Topics. A record can be written to them, and a consumer made of them, when this returns; other
	// questions may be answered by a broker that has not heard of them yet.
	CreateTopics(ctx context.Context, specs []TopicSpec) error
	// DeleteRecords lets go of all records below the given offsets (KIP-107). Offsets that are gone already are no error, nor is a repetition;
	// one above the high end is of ClassFatal. After an error, any of the partitions may be done.
	DeleteRecords(ctx context.Context, before map[Partition]int64) error
	Close()
}

// Member is one member of a consumer group.
type Member struct {
	ID, InstanceID, ClientID, Host string
	// Partitions are what it was assigned last; none during a rebalance.
	Partitions []Partition
}

// TopicSpec is a topic to be created.
type TopicSpec struct {
	Name       string
	Partitions int // 1 or more
	// Config are properties of the topic, such as retention.ms; what is not in it is the cluster's default.
	Config map[string]string
}

// Client is a driver: it makes consumers, producers and admins of one cluster.
type Client interface {
	// NewConsumer joins the group with the first Poll.
	NewConsumer(ConsumerConfig, RebalanceHandler) (Consumer, error)
	NewProducer(ProducerConfig) (Producer, error)
	NewAdmin() (Admin, error)
}

// ClusterConfig says how to reach a cluster; it is what a driver is made of.
type ClusterConfig struct {
	Brokers string // host:port, comma separated
	// ClientID shows in the broker's logs and in Member.ClientID.
	ClientID string
	// Properties are the user's own librdkafka properties, applied last, but a few that the protocol
	// depends on are refused with an *Error.
	Properties map[string]string
	// Logger takes what the client library has to say. nil: slog.Default().
	Logger *slog.Logger
}

// ConsumerConfig says what to read and as whom.
type ConsumerConfig struct {
	Topics         []string
	Group          string
	InstanceID     string // static membership (KIP-345)
	SessionTimeout time.Duration
	// TrackEnds lets Position follow the end of a partition, at the cost of a message from the client each time that it is reached.
	TrackEnds bool
}

// ProducerConfig says as whom to write.
type ProducerConfig struct {
	TransactionalID    string // empty: no transactions
	TransactionTimeout time.Duration
}
