//go:build race

package app_test

// poolsForget: under the race detector sync.Pool drops at random what it is given, so that a buffer that is used again elsewhere is made anew here.
const poolsForget = true
