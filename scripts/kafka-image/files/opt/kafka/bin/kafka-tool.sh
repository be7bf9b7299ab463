#!/bin/bash
# Every command line tool of the image is a link to this script.
case $(basename "$0") in
  kafka-topics.sh)           class=org.apache.kafka.tools.TopicCommand ;;
  kafka-configs.sh)          class=kafka.admin.ConfigCommand ;;
  kafka-console-producer.sh) class=org.apache.kafka.tools.ConsoleProducer ;;
  kafka-console-consumer.sh) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
  kafka-consumer-groups.sh)  class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
  kafka-transactions.sh)     class=org.apache.kafka.tools.TransactionsCommand ;;
  kafka-dump-log.sh)         class=org.apache.kafka.tools.DumpLogSegments ;;
  kafka-metadata-quorum.sh)  class=org.apache.kafka.tools.MetadataQuorumCommand ;;
  kafka-storage.sh)          class=kafka.tools.StorageTool ;;
  *) echo "$0: unknown tool" >&2; exit 2 ;;
esac
exec /opt/kafka/bin/kafka-run-class.sh "$class" "$@"
