//go:build !race

package app_test

const poolsForget = false
