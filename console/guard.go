package console

import (
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// guarded lets a request pass that shows the token or, if there is none, comes to a loopback address: the handler tells or does what is not for
// everybody who can reach the port.
func (s *Server) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.o.Token != "" && s.shown(r):
			next(w, r)
		case s.o.Token != "":
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, "this needs the token of WEIR_API_TOKEN: Authorization: Bearer <token>")
		case s.local() && localName(r.Host):
			next(w, r)
		default:
			answer(w, http.StatusForbidden, "off: set WEIR_API_TOKEN, or WEIR_HTTP_ADDR to a loopback address (127.0.0.1:8080) and ask for it by that name")
		}
	}
}

// shown says whether the request has the token. How long it takes says nothing of how far it is right.
func (s *Server) shown(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(token), []byte(s.o.Token)) == 1
}

// local says whether only this machine can reach the server.
func (s *Server) local() bool {
	addr, ok := s.listener.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// localName: a page in a browser on this machine, from elsewhere, can ask a loopback address, under a name of its own.
func localName(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}
