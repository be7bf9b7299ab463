package config

import "time"

// Config holds the settings of an instance. The tags of a field:
//
//	env      the variable, without the prefix WEIR_; the flag has the same words in lower case
//	kind     how its text is read and checked: a key of kinds
//	default  what holds when it is not set; a field without one is filled in by defaults.go, as `shown` says
//	min max  bounds of numbers and durations
//	one      the words allowed, separated by commas
//	later    the words that are known but not supported yet
//	help     one sentence
type Config struct {
	Job        string `env:"JOB" kind:"job" shown:"the only job, if there is just one" help:"Name of the job to run."`
	JobID      string `env:"JOB_ID" kind:"id" shown:"the job's name" help:"Names the consumer group, the transactional ids and the checkpoint folder. Instances of one job share it."`
	InstanceID string `env:"INSTANCE_ID" kind:"id" shown:"host name" help:"Stable name of this instance, unique in its job: a StatefulSet pod's name."`

	Brokers         string        `env:"BROKERS" kind:"brokers" default:"localhost:9092" help:"Bootstrap servers of the Kafka cluster, host:port, separated by commas."`
	SinkBrokers     string        `env:"SINK_BROKERS" kind:"brokers" shown:"none: sinks are on the cluster of WEIR_BROKERS" help:"Bootstrap servers of the sinks' cluster if it is another one. Choose before the job's first start: the commit point is there then."`
	KafkaClient     string        `env:"KAFKA_CLIENT" kind:"enum" default:"confluent" one:"confluent" later:"franz" help:"Kafka client library."`
	InputTopics     []string      `env:"INPUT_TOPICS" kind:"topics" shown:"the job's own" help:"Topics that a built-in job reads, separated by commas, or a regular expression for whole names, beginning with ^ or between slashes."`
	StartFrom       string        `env:"START_FROM" kind:"start" default:"earliest" help:"Where a built-in job begins to read that has committed nothing yet."`
	Bounded         bool          `env:"BOUNDED" kind:"bool" default:"false" help:"End a built-in job where its input ends when it is first started, with exit code 0."`
	OutputTopic     string        `env:"OUTPUT_TOPIC" kind:"topic" shown:"the job's own" help:"Topic that a built-in job writes."`
	BadRecords      string        `env:"BAD_RECORDS" kind:"enum" default:"fail" one:"fail,skip,dead-letter" help:"What becomes of records that a built-in job cannot read: the job fails, goes on without them, or writes them to WEIR_DEAD_LETTER_TOPIC."`
	DeadLetterTopic string        `env:"DEAD_LETTER_TOPIC" kind:"topic" shown:"none" help:"Topic for records that a built-in job cannot read, with WEIR_BAD_RECORDS=dead-letter."`
	ClassifyWindow  time.Duration `env:"CLASSIFY_WINDOW" kind:"duration" default:"1h" min:"0s" help:"Window of the built-in job classify; 0 passes every record on."`

	Guarantee          string        `env:"GUARANTEE" kind:"enum" default:"exactly-once" one:"exactly-once,at-least-once" help:"What the job promises of its outputs. State is exact under both with WEIR_EXCHANGE=memory; with kafka, at-least-once may also process again, behind a repartition topic, what was sent there twice."`
	CheckpointInterval time.Duration `env:"CHECKPOINT_INTERVAL" kind:"duration" default:"1s" min:"5ms" max:"15m" help:"Time between barriers: how often outputs are committed and become visible."`
	DiscoveryInterval  time.Duration `env:"DISCOVERY_INTERVAL" kind:"duration" default:"10s" min:"0s" help:"Time between two looks for new partitions, and for new topics that match a pattern; 0: none."`
	TransactionTimeout time.Duration `env:"TRANSACTION_TIMEOUT" kind:"duration" min:"1s" max:"24h" shown:"10s or 5 intervals, whichever is longer" help:"The broker's patience with an open transaction; how long a frozen instance can hold back read_committed readers."`
	SessionTimeout     time.Duration `env:"SESSION_TIMEOUT" kind:"duration" default:"10s" min:"1s" max:"30m" help:"The broker's patience with a silent group member; a killed instance of the same name is replaced at once."`
	StartTimeout       time.Duration `env:"START_TIMEOUT" kind:"duration" default:"30s" min:"100ms" max:"1h" help:"How long the first contact with the brokers may take."`
	ShutdownTimeout    time.Duration `env:"SHUTDOWN_TIMEOUT" kind:"duration" default:"8s" min:"100ms" max:"1h" help:"How long the last barrier and commit may take after SIGTERM; the process ends at most 1.5s later. Keep it below the pod's grace period."`

	RestartDelay      time.Duration `env:"RESTART_DELAY" kind:"duration" default:"100ms" min:"1ms" max:"1h" help:"Wait before work goes on after a second failure; it doubles with each further one. After a first failure it goes on at once."`
	RestartMaxDelay   time.Duration `env:"RESTART_MAX_DELAY" kind:"duration" default:"10s" min:"1ms" max:"24h" help:"The longest wait after a failure. Each wait is shortened by chance, to half at most."`
	RestartAttempts   int           `env:"RESTART_ATTEMPTS" kind:"int" default:"10" min:"0" help:"Failures in a row, without a commit between them, that end the process; 0: none do."`
	RestartReset      time.Duration `env:"RESTART_RESET" kind:"duration" default:"10s" min:"1s" max:"24h" help:"How long work has to go well until failures are forgotten and waits begin anew."`
	FailedCheckpoints int           `env:"TOLERABLE_FAILED_CHECKPOINTS" kind:"int" default:"30" min:"0" help:"Checkpoints in a row that may fail because of the checkpoint store; one more ends the process. They don't count as WEIR_RESTART_ATTEMPTS."`
	RecordAttempts    int           `env:"RECORD_ATTEMPTS" kind:"int" default:"3" min:"1" help:"Failures on the same record or timer that end the process, also with commits between them."`

	DataDir                     string `env:"DATA_DIR" kind:"path" shown:"/var/lib/weir where writable, else the user's state folder" help:"Root of state and checkpoints on this machine."`
	CheckpointStore             string `env:"CHECKPOINT_STORE" kind:"store" shown:"file://$WEIR_DATA_DIR/checkpoints" help:"URL of the checkpoint store: a folder, a bucket or HDFS; mem:// is lost with the process. Holds no secret. docs/operations.md has all parameters."`
	CheckpointsRetained         int    `env:"CHECKPOINTS_RETAINED" kind:"int" default:"3" min:"1" help:"How many of the last committed checkpoints can be restored; files that none of them needs are deleted. With WEIR_EXCHANGE=kafka they are counted for each shard."`
	CheckpointCompression       string `env:"CHECKPOINT_COMPRESSION" kind:"enum" default:"none" one:"none,zstd" help:"How files are compressed on their way into the checkpoint store. It can be changed at any time: compressed or not, files are read."`
	CheckpointEncryptionKeyFile string `env:"CHECKPOINT_ENCRYPTION_KEY_FILE" kind:"file" shown:"none: not encrypted" help:"File with the key that everything in the checkpoint store is encrypted with (AES-256-GCM): 32 bytes in base64; further lines are older keys, for reading. The same for all that use the store."`
	StateBackend                string `env:"STATE_BACKEND" kind:"enum" default:"pebble" one:"pebble,memory" help:"Where committed state is kept."`
	StateDir                    string `env:"STATE_DIR" kind:"path" shown:"$WEIR_DATA_DIR/state/$WEIR_JOB_ID" help:"Folder of the state backend, for one job and one process; rebuilt from the checkpoint store when it is lost."`
	StateCache                  int64  `env:"STATE_CACHE" kind:"size" default:"96MiB" min:"3MiB" help:"Memory for cached state: two thirds for decoded values, one third for the state backend's blocks, which take up to as much again when the state is large."`
	OverlayLimit                int64  `env:"OVERLAY_LIMIT" kind:"size" default:"32MiB" min:"1MiB" help:"Memory for uncommitted state; passing it triggers a checkpoint early."`

	RestoreFrom       string `env:"RESTORE_FROM" alias:"from" kind:"savepoint" help:"URL of a savepoint, or of a checkpoint of another job, to start from if the job has no commit point yet; else it goes on from that, and this is not used."`
	RestoreOffsets    string `env:"RESTORE_OFFSETS" alias:"offsets" kind:"offsets" shown:"where the savepoint stands" help:"Where sources begin with WEIR_RESTORE_FROM instead of where the savepoint stands; a file has lines topic:partition=offset, for some or all partitions."`
	AllowDroppedState string `env:"ALLOW_DROPPED_STATE" kind:"dropped" default:"false" help:"With WEIR_RESTORE_FROM: let go of state that no operator of the job has, and of positions in topics that it does not read or that are gone."`

	Exchange       string `env:"EXCHANGE" kind:"enum" default:"memory" one:"memory,kafka" help:"How records cross between tasks: within this process (memory: one instance works on the job), or through repartition topics in Kafka (kafka: as many instances as there are partitions)."`
	Parallelism    int    `env:"PARALLELISM" kind:"int" min:"1" shown:"number of CPUs" help:"Tasks per keyed stage in this instance."`
	MaxParallelism int    `env:"MAX_PARALLELISM" kind:"int" default:"128" min:"1" max:"32768" help:"Number of key groups. It cannot be changed once the job has state, but by a start from a savepoint under a new WEIR_JOB_ID."`

	SavepointInterval  time.Duration `env:"SAVEPOINT_INTERVAL" kind:"duration" default:"0s" min:"0s" help:"Time between savepoints that are taken by schedule, into the job's folder of the checkpoint store; 0: none are."`
	SavepointsRetained int           `env:"SAVEPOINTS_RETAINED" kind:"int" default:"3" min:"0" help:"How many of the savepoints taken by schedule stay; 0: all do. Others are never deleted."`

	HTTPAddr        string        `env:"HTTP_ADDR" kind:"addr" default:":8080" help:"Address of /healthz, /readyz, /metrics and /api/v1/…; off: none."`
	APIToken        string        `env:"API_TOKEN" kind:"secret" shown:"none: what needs it is answered on a loopback address only" help:"Whoever reads state over HTTP has to show it (Authorization: Bearer …). WEIR_API_TOKEN_FILE names a file with it instead."`
	LeaveGroup      string        `env:"LEAVE_GROUP" kind:"enum" default:"auto" one:"auto,always,never" help:"Whether an instance that is stopped gives its partitions to others at once (always), or keeps them for its restart until the session timeout (never: no rebalance in a rolling restart). auto: always with WEIR_EXCHANGE=memory, never with kafka."`
	StandbyInterval time.Duration `env:"STANDBY_INTERVAL" kind:"duration" default:"0s" min:"0s" max:"1h" help:"With WEIR_EXCHANGE=kafka: how often this instance brings copies of state that other instances own up to date, so that taking it over is quick; 0 keeps none. Needs disk space for all of the job's state."`

	LogLevel  string `env:"LOG_LEVEL" kind:"enum" default:"info" one:"debug,info,warn,error" help:"Least severe level that is logged."`
	LogFormat string `env:"LOG_FORMAT" kind:"enum" one:"text,json" shown:"text on a terminal, else json" help:"Format of the log, on standard error."`

	// SourceKafka and SinkKafka are the librdkafka properties of consumers and of producers: WEIR_KAFKA_… below
	// WEIR_SOURCE_KAFKA_… and WEIR_SINK_KAFKA_….
	SourceKafka, SinkKafka map[string]string

	settings []Setting
}

// ExactlyOnce says whether outputs are transactional.
func (c *Config) ExactlyOnce() bool { return c.Guarantee == "exactly-once" }

// Origin says where a value comes from.
type Origin string

// The origins.
const (
	FromDefault Origin = "default"
	FromEnv     Origin = "env"
	FromFlag    Origin = "flag"
	FromFile    Origin = "file" // named by a variable that ends in _FILE
)

// Setting is one effective value, as `processor config` shows it.
type Setting struct {
	Name   string // of the variable
	Value  string // masked if it is a secret
	Origin Origin
}

// Settings lists the effective values, those of Kafka properties last.
func (c *Config) Settings() []Setting { return c.settings }
