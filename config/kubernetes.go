package config

import "regexp"

// Kubernetes gives every container variables for each service of its namespace: a service called weir, or
// weir-kafka, becomes WEIR_SERVICE_HOST, WEIR_PORT_8080_TCP or WEIR_KAFKA_PORT_9092_TCP_ADDR. They are not settings.
var serviceLink = regexp.MustCompile(`^(WEIR(?:_[A-Z0-9_]+?)??)_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$`)

// isServiceLink says whether a variable is one of those. Kubernetes always sets the whole family, so that a misspelt
// setting such as WEIR_HTTP_PORT is still found: nothing sets WEIR_HTTP_SERVICE_HOST beside it.
func isServiceLink(name string, env map[string]string) bool {
	m := serviceLink.FindStringSubmatch(name)
	if m == nil {
		return false
	}
	_, host := env[m[1]+"_SERVICE_HOST"]
	_, port := env[m[1]+"_SERVICE_PORT"]
	return host && port
}
