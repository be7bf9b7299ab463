// Package config reads the settings of an instance from the environment and the command line.
//
// The struct Config is the only list of settings: its tags give each one's variable, flag, kind, default and help, and
// everything else (parsing, `processor help`, `processor config`, docs/configuration.md) follows from them. A flag wins over
// its variable, a variable over the default; an empty variable counts as not set, because that is what
// deployment templates leave behind.
//
// Load looks at all settings before it complains, and returns every problem at once as Errors. Nothing is created on
// disk and nobody is called over the network: a bad setting is refused before anything is consumed.
package config
