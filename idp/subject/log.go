//go:build !js

package subject

import "log/slog"

// What is written into logs of the types that hold numbers and names. The verifier for browsers writes no logs and goes without.

// LogValue keeps the number out of logs (row A-28).
func (d Document) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", d.Kind), slog.String("number", MaskID(d.Number)))
}

// LogValue keeps the number out of logs (row A-28).
func (n CitizenIDNumber) LogValue() slog.Value { return slog.StringValue(MaskID(string(n))) }

// LogValue keeps the identifier out of logs.
func (i Identifier) LogValue() slog.Value { return slog.StringValue(MaskIdentifier(i)) }

// LogValue keeps names and number out of logs.
func (m MRZ) LogValue() slog.Value { return slog.StringValue("passport of " + m.Nationality) }

// LogValue keeps name and number out of logs (row A-28).
func (f Facts) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", f.Kind), slog.String("number", MaskID(f.Number)))
}
