package confluent

import (
	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/weirstream/weir/txn"
)

// rule is what one code means where the client's own flags (fatal, abortable, retriable) don't decide.
type rule struct {
	class txn.Class
	// beforeEnd: as the cause of a failed commit it stems from a delivery or from the offsets, so EndTxn was not sent.
	beforeEnd bool
	name      string // librdkafka's name; broker codes have the protocol's
}

// codes is the one place that knows codes.
var codes = map[kafka.ErrorCode]rule{
	// Local: the connection or the wait failed; librdkafka reconnects by itself.
	kafka.ErrTransport:      {class: txn.ClassRetry, name: "_TRANSPORT"},
	kafka.ErrResolve:        {class: txn.ClassRetry, name: "_RESOLVE"},
	kafka.ErrAllBrokersDown: {class: txn.ClassRetry, name: "_ALL_BROKERS_DOWN"}, // informational, whatever the name says
	kafka.ErrTimedOut:       {class: txn.ClassRetry, name: "_TIMED_OUT"},
	kafka.ErrTimedOutQueue:  {class: txn.ClassRetry, name: "_TIMED_OUT_QUEUE"},
	kafka.ErrWaitCoord:      {class: txn.ClassRetry, name: "_WAIT_COORD"}, // the coordinator is being looked up
	kafka.ErrWaitCache:      {class: txn.ClassRetry, name: "_WAIT_CACHE"},
	// Ends: no leader is known while the only broker that knows it can't be reached.
	kafka.ErrNoent:         {class: txn.ClassRetry, name: "_NOENT"},
	kafka.ErrInProgress:    {class: txn.ClassRetry, name: "_IN_PROGRESS"},
	kafka.ErrRetry:         {class: txn.ClassRetry, name: "_RETRY"},
	kafka.ErrIntr:          {class: txn.ClassRetry, name: "_INTR"},
	kafka.ErrDestroyBroker: {class: txn.ClassRetry, name: "_DESTROY_BROKER"}, // a broker left the cluster's metadata
	// Local: a TLS or SASL handshake failed. Certificates and passwords rotate, and librdkafka tries again for ever.
	kafka.ErrSsl:            {class: txn.ClassRetry, name: "_SSL"},
	kafka.ErrAuthentication: {class: txn.ClassRetry, name: "_AUTHENTICATION"},

	// Local: polled too seldom; the partitions are lost, which the rebalance handler hears, and the next Poll rejoins.
	kafka.ErrMaxPollExceeded: {class: txn.ClassRetry, name: "_MAX_POLL_EXCEEDED"},
	// Local: the partitions belong to somebody else by now.
	kafka.ErrAssignmentLost: {class: txn.ClassAbort, name: "_ASSIGNMENT_LOST"},
	// Local: no offset to commit or to read; nothing was sent.
	kafka.ErrNoOffset: {class: txn.ClassAbort, name: "_NO_OFFSET"},

	// Local: a record waited longer than message.timeout.ms. The transaction can't be complete.
	kafka.ErrMsgTimedOut: {class: txn.ClassAbort, beforeEnd: true, name: "_MSG_TIMED_OUT"},
	// Local: deliveries failed; commit refuses before it sends EndTxn.
	kafka.ErrInconsistent: {class: txn.ClassAbort, beforeEnd: true, name: "_INCONSISTENT"},
	// Local: purged by an abort or by the failure of the transaction.
	kafka.ErrPurgeQueue:    {class: txn.ClassAbort, beforeEnd: true, name: "_PURGE_QUEUE"},
	kafka.ErrPurgeInflight: {class: txn.ClassAbort, beforeEnd: true, name: "_PURGE_INFLIGHT"},
	// Local: the queue is full; seen by callers only when their context ended.
	kafka.ErrQueueFull: {class: txn.ClassAbort, name: "_QUEUE_FULL"},
	// Local: not allowed in this state. For produce: the transaction has failed already and must be aborted.
	kafka.ErrState: {class: txn.ClassAbort, name: "_STATE"},
	// Local: another call of the transactional API is still running.
	kafka.ErrPrevInProgress: {class: txn.ClassNewProducer, name: "_PREV_IN_PROGRESS"},
	kafka.ErrConflict:       {class: txn.ClassNewProducer, name: "_CONFLICT"},
	// Local: the instance has a fatal error, or is going away.
	kafka.ErrFatal:            {class: txn.ClassNewProducer, name: "_FATAL"},
	kafka.ErrDestroy:          {class: txn.ClassNewProducer, name: "_DESTROY"},
	kafka.ErrGaplessGuarantee: {class: txn.ClassNewProducer, name: "_GAPLESS_GUARANTEE"},

	// Local: librdkafka's common name for INVALID_PRODUCER_EPOCH and PRODUCER_FENCED. It speaks the first transaction
	// protocol, where a transaction that the broker ended for its age shows the same: a rival is proven only when a new
	// producer is fenced straight after its own Init.
	kafka.ErrFenced:               {class: txn.ClassFenced, name: "_FENCED"},
	kafka.ErrInvalidProducerEpoch: {class: txn.ClassFenced},
	kafka.ErrProducerFenced:       {class: txn.ClassFenced},
	// Another member runs under our group.instance.id (KIP-345).
	kafka.ErrFencedInstanceID: {class: txn.ClassFenced},

	// Local: the topic or partition is not in the metadata, also after waiting for it.
	kafka.ErrUnknownTopic:     {class: txn.ClassFatal, name: "_UNKNOWN_TOPIC"},
	kafka.ErrUnknownPartition: {class: txn.ClassFatal, name: "_UNKNOWN_PARTITION"},
	// Local: wrong use or configuration.
	kafka.ErrInvalidArg:         {class: txn.ClassFatal, name: "_INVALID_ARG"},
	kafka.ErrNotConfigured:      {class: txn.ClassFatal, name: "_NOT_CONFIGURED"},
	kafka.ErrNotImplemented:     {class: txn.ClassFatal, name: "_NOT_IMPLEMENTED"},
	kafka.ErrUnsupportedFeature: {class: txn.ClassFatal, name: "_UNSUPPORTED_FEATURE"},
	kafka.ErrCritSysResource:    {class: txn.ClassFatal, name: "_CRIT_SYS_RESOURCE"},
	// Local: auto.offset.reset=error and the position is not (or no longer) in the topic: records are lost.
	kafka.ErrAutoOffsetReset: {class: txn.ClassFatal, name: outOfRange},
	kafka.ErrLogTruncation:   {class: txn.ClassFatal, name: "_LOG_TRUNCATION"},

	kafka.ErrOffsetOutOfRange: {class: txn.ClassFatal},

	// Broker: leaders and coordinators move; the same request succeeds a little later.
	kafka.ErrLeaderNotAvailable:           {class: txn.ClassRetry},
	kafka.ErrNotLeaderForPartition:        {class: txn.ClassRetry},
	kafka.ErrReplicaNotAvailable:          {class: txn.ClassRetry},
	kafka.ErrBrokerNotAvailable:           {class: txn.ClassRetry},
	kafka.ErrRequestTimedOut:              {class: txn.ClassRetry},
	kafka.ErrNetworkException:             {class: txn.ClassRetry},
	kafka.ErrCoordinatorLoadInProgress:    {class: txn.ClassRetry},
	kafka.ErrCoordinatorNotAvailable:      {class: txn.ClassRetry},
	kafka.ErrNotCoordinator:               {class: txn.ClassRetry},
	kafka.ErrNotController:                {class: txn.ClassRetry},
	kafka.ErrNotEnoughReplicas:            {class: txn.ClassRetry},
	kafka.ErrNotEnoughReplicasAfterAppend: {class: txn.ClassRetry},
	kafka.ErrKafkaStorageError:            {class: txn.ClassRetry},
	kafka.ErrFencedLeaderEpoch:            {class: txn.ClassRetry},
	kafka.ErrUnknownLeaderEpoch:           {class: txn.ClassRetry},
	kafka.ErrOffsetNotAvailable:           {class: txn.ClassRetry},
	kafka.ErrThrottlingQuotaExceeded:      {class: txn.ClassRetry},
	kafka.ErrTransactionCoordinatorFenced: {class: txn.ClassRetry},
	kafka.ErrConcurrentTransactions:       {class: txn.ClassRetry}, // the one before is still being written (KIP-98)
	kafka.ErrUnstableOffsetCommit:         {class: txn.ClassRetry}, // a transaction holds pending offsets (KIP-447)
	kafka.ErrUnknownTopicOrPart:           {class: txn.ClassRetry}, // also of a broker that has not heard of it yet
	kafka.ErrUnknownTopicID:               {class: txn.ClassRetry},
	kafka.ErrPreferredLeaderNotAvailable:  {class: txn.ClassRetry},
	kafka.ErrFetchSessionIDNotFound:       {class: txn.ClassRetry},
	kafka.ErrInvalidFetchSessionEpoch:     {class: txn.ClassRetry},
	kafka.ErrRebootstrapRequired:          {class: txn.ClassRetry},

	// Broker: the group has gone on without us, or is about to. The offsets were not taken.
	kafka.ErrIllegalGeneration:   {class: txn.ClassAbort, beforeEnd: true},
	kafka.ErrUnknownMemberID:     {class: txn.ClassAbort, beforeEnd: true},
	kafka.ErrRebalanceInProgress: {class: txn.ClassAbort, beforeEnd: true},
	kafka.ErrStaleMemberEpoch:    {class: txn.ClassAbort, beforeEnd: true},
	kafka.ErrFencedMemberEpoch:   {class: txn.ClassAbort, beforeEnd: true},
	// Broker: the producer's sequence or id is not what the partition's leader knows; an abort bumps the epoch (KIP-360).
	kafka.ErrOutOfOrderSequenceNumber: {class: txn.ClassAbort, beforeEnd: true},
	kafka.ErrUnknownProducerID:        {class: txn.ClassAbort},
	// Broker: the coordinator knows another id for our transactional id: ours was forgotten (transactional.id.expiration.ms).
	kafka.ErrInvalidProducerIDMapping: {class: txn.ClassNewProducer},
	// Broker: the coordinator has no such transaction under way, so the client's view of it is wrong.
	kafka.ErrInvalidTxnState: {class: txn.ClassNewProducer},
	// Broker: another partition of the same request failed; this one was not tried.
	kafka.ErrOperationNotAttempted: {class: txn.ClassAbort, beforeEnd: true},
	// Broker: a corrupt request. TCP let it through, so a repetition may not.
	kafka.ErrInvalidMsg: {class: txn.ClassAbort, beforeEnd: true},

	// Broker: permission. Somebody has to grant it.
	kafka.ErrTopicAuthorizationFailed:           {class: txn.ClassFatal},
	kafka.ErrGroupAuthorizationFailed:           {class: txn.ClassFatal},
	kafka.ErrClusterAuthorizationFailed:         {class: txn.ClassFatal},
	kafka.ErrTransactionalIDAuthorizationFailed: {class: txn.ClassFatal},
	kafka.ErrSaslAuthenticationFailed:           {class: txn.ClassFatal},
	kafka.ErrUnsupportedSaslMechanism:           {class: txn.ClassFatal},
	kafka.ErrSecurityDisabled:                   {class: txn.ClassFatal},
	// Broker: configuration or version. The same request is refused for ever.
	kafka.ErrInvalidTransactionTimeout:   {class: txn.ClassFatal}, // above transaction.max.timeout.ms
	kafka.ErrInvalidSessionTimeout:       {class: txn.ClassFatal}, // outside group.min/max.session.timeout.ms
	kafka.ErrInconsistentGroupProtocol:   {class: txn.ClassFatal}, // the group's other members use another assignor
	kafka.ErrInvalidGroupID:              {class: txn.ClassFatal},
	kafka.ErrGroupMaxSizeReached:         {class: txn.ClassFatal},
	kafka.ErrUnreleasedInstanceID:        {class: txn.ClassFatal},
	kafka.ErrUnsupportedVersion:          {class: txn.ClassFatal},
	kafka.ErrUnsupportedForMessageFormat: {class: txn.ClassFatal},
	kafka.ErrUnsupportedCompressionType:  {class: txn.ClassFatal},
	kafka.ErrPolicyViolation:             {class: txn.ClassFatal},
	kafka.ErrInvalidConfig:               {class: txn.ClassFatal},
	kafka.ErrInvalidRequiredAcks:         {class: txn.ClassFatal},
	kafka.ErrTopicException:              {class: txn.ClassFatal}, // an invalid topic name
	kafka.ErrInvalidRequest:              {class: txn.ClassFatal},
	// Broker: the record itself. It would be refused again after an abort.
	kafka.ErrMsgSizeTooLarge:         {class: txn.ClassFatal},
	kafka.ErrRecordListTooLarge:      {class: txn.ClassFatal},
	kafka.ErrInvalidMsgSize:          {class: txn.ClassFatal},
	kafka.ErrInvalidTimestamp:        {class: txn.ClassFatal},
	kafka.ErrInvalidRecord:           {class: txn.ClassFatal},
	kafka.ErrOffsetMetadataTooLarge:  {class: txn.ClassFatal},
	kafka.ErrInvalidCommitOffsetSize: {class: txn.ClassFatal},
}
