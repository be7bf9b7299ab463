// Package statetest holds what every state backend must pass: one conformance suite, called by the tests of each driver.
package statetest
