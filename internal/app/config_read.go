package app

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// explain turns the decoder's faults into lines that name the nearest known key of the type or of those inside it.
func explain(err error, root reflect.Type) []string {
	decoding, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return []string{err.Error()}
	}
	var lines []string
	for _, line := range decoding.Errors {
		if parts := unknownField.FindStringSubmatch(line); parts != nil {
			line = fmt.Sprintf("line %s: unknown key %q", parts[1], parts[2])
			if near := nearest(parts[2], keysOf(root, parts[3])); near != "" {
				line += fmt.Sprintf("; did you mean %q?", near)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// keysOf lists the keys of the named struct type inside t.
func keysOf(t reflect.Type, name string) []string {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		if t.Name() == name {
			names = append(names, field.Tag.Get("yaml"))
		} else {
			names = append(names, keysOf(field.Type, name)...)
		}
	}
	return names
}

func nearest(word string, candidates []string) string {
	best, distance := "", 4
	for _, candidate := range candidates {
		if d := editDistance(word, candidate); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// applyEnvironment overrides values by YINXIN_<PATH>; a variable that names no key is a fault like an unknown key.
func applyEnvironment(cfg *Config, environ []string) []string {
	fields := map[string]reflect.Value{}
	collectFields(reflect.ValueOf(cfg).Elem(), environmentPrefix, fields)
	var faults []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, environmentPrefix) {
			continue
		}
		field, known := fields[name]
		if !known {
			names := make([]string, 0, len(fields))
			for n := range fields {
				names = append(names, n)
			}
			slices.Sort(names)
			line := fmt.Sprintf("environment: unknown variable %s", name)
			if near := nearest(name, names); near != "" {
				line += "; did you mean " + near + "?"
			}
			faults = append(faults, line)
			continue
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString(value)
		case reflect.Bool:
			on, err := strconv.ParseBool(value)
			if err != nil {
				faults = append(faults, fmt.Sprintf("environment: %s must be true or false", name))
			}
			field.SetBool(on)
		case reflect.Int64: // durations alone
			d, err := time.ParseDuration(value)
			if err != nil {
				faults = append(faults, fmt.Sprintf("environment: %s must be a duration such as 720h", name))
			}
			field.SetInt(int64(d))
		case reflect.Map:
			faults = append(faults, fmt.Sprintf("environment: %s can be set in the file only", name))
		case reflect.Int:
			n, err := strconv.Atoi(value)
			if err != nil {
				faults = append(faults, fmt.Sprintf("environment: %s must be a number", name))
			}
			field.SetInt(int64(n))
		case reflect.Slice:
			if field.Type().Elem().Kind() != reflect.String {
				faults = append(faults, fmt.Sprintf("environment: %s can be set in the file only", name))
				continue
			}
			field.Set(reflect.ValueOf(strings.Split(value, ",")).Convert(field.Type()))
		}
	}
	return faults
}

func collectFields(v reflect.Value, prefix string, into map[string]reflect.Value) {
	for i := range v.NumField() {
		name := prefix + strings.ToUpper(v.Type().Field(i).Tag.Get("yaml"))
		if v.Field(i).Kind() == reflect.Struct {
			collectFields(v.Field(i), name+"_", into)
			continue
		}
		into[name] = v.Field(i)
	}
}
