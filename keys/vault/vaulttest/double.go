// Package vaulttest is an in-process double of the parts of the Vault HTTP interface that the provider uses: AppRole
// login, token renewal, transit encryption with associated data, health; with faults on demand. It is not a Vault: it checks
// neither policies nor mounts.
package vaulttest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault is what the double does wrong.
type Fault string

// Faults.
const (
	None      Fault = ""
	Sealed    Fault = "sealed"    // 503 on every call
	Busy      Fault = "busy"      // 429
	WrongKey  Fault = "wrong_key" // blobs are opened with another key
	Hanging   Fault = "hanging"   // no answer
	NoToken   Fault = "no_token"  // the token is refused until the next login
	Garbage   Fault = "garbage"   // 200 with a body that is no JSON
	NoRenewal Fault = "no_renewal"
	NoRights  Fault = "no_rights" // every call but the login is refused
	NoLogin   Fault = "no_login"  // role and secret are refused
	HalfBody  Fault = "half_body" // the answer is cut
	Cut       Fault = "cut"       // the connection is cut before an answer
	Redirect  Fault = "redirect"  // an answer that leads to Elsewhere
	Gone      Fault = "gone"      // 404: the mount is not there
	OtherKey  Fault = "other_key" // opening gives what was wrapped first, whatever was asked
)

// Double is a running server.
type Double struct {
	URL       string
	Elsewhere string // where Redirect leads
	Logins    int
	Renews    int
	Calls     int
	Seen      []Call // what transit was asked
	mutex     sync.Mutex
	fault     Fault
	lease     int
	tokens    map[string]bool
	keys      [2]cipher.AEAD
	first     []byte
	ended     chan struct{}
}

// Call is a request to transit.
type Call struct {
	Path       string
	Associated string
	Plaintext  []byte // of an encryption
	Namespace  string
	Token      string
}

// RoleID and SecretID open the double.
const (
	RoleID   = "role"
	SecretID = "secret"
	Lease    = 3600 // seconds
)

// Start runs a double until the test ends.
func Start(t testing.TB) *Double {
	d := &Double{ended: make(chan struct{}), tokens: map[string]bool{}, lease: Lease}
	for i := range d.keys {
		key := make([]byte, 32)
		rand.Read(key)
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		if d.keys[i], err = cipher.NewGCM(block); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(d)
	d.URL = server.URL
	t.Cleanup(func() { close(d.ended); server.Close() })
	return d
}

// Break makes the double fail, None mends it.
func (d *Double) Break(fault Fault) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.fault = fault; fault == NoToken {
		clear(d.tokens)
	}
}

// Leases sets the life of the tokens given from now on, in seconds.
func (d *Double) Leases(seconds int) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.lease = seconds
}

// Trust takes a token that another server gave.
func (d *Double) Trust(token string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.tokens[token] = true
}

// Revoke makes every token void, as an operator does.
func (d *Double) Revoke() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	clear(d.tokens)
}

// Counts are the logins, renewals and calls so far.
func (d *Double) Counts() (logins, renews, calls int) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.Logins, d.Renews, d.Calls
}

func (d *Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mutex.Lock()
	fault := d.fault
	d.Calls++
	d.mutex.Unlock()
	switch fault {
	case HalfBody:
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"data":{"plaintext":"AAAA`)
		return
	case Cut:
		panic(http.ErrAbortHandler)
	case Redirect:
		http.Redirect(w, r, d.Elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
		return
	case Gone:
		answer(w, http.StatusNotFound, map[string]any{"errors": []string{"no handler for route"}})
		return
	case Sealed:
		answer(w, http.StatusServiceUnavailable, map[string]any{"errors": []string{"Vault is sealed"}, "sealed": true, "initialized": true})
		return
	case Busy:
		answer(w, http.StatusTooManyRequests, map[string]any{"errors": []string{"request path rate limit quota exceeded"}})
		return
	case Garbage:
		fmt.Fprint(w, "<html>proxy</html>")
		return
	case Hanging:
		select {
		case <-r.Context().Done():
		case <-d.ended:
		case <-time.After(30 * time.Second):
		}
		return
	}
	d.serve(w, r, fault)
}

func (d *Double) serve(w http.ResponseWriter, r *http.Request, fault Fault) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	var body map[string]string
	json.NewDecoder(r.Body).Decode(&body)
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	if path == "sys/health" {
		answer(w, http.StatusOK, map[string]any{"initialized": true, "sealed": false})
		return
	}
	if path == "auth/approle/login" {
		if fault == NoLogin || body["role_id"] != RoleID || body["secret_id"] != SecretID {
			answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"invalid role or secret ID"}})
			return
		}
		d.Logins++
		token := fmt.Sprintf("token-%d", d.Logins)
		d.tokens[token] = true
		answer(w, http.StatusOK, map[string]any{"auth": map[string]any{"client_token": token, "lease_duration": d.lease, "renewable": true}})
		return
	}
	token := r.Header.Get("X-Vault-Token")
	if !d.tokens[token] {
		answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
		return
	}
	if fault == NoRights {
		answer(w, http.StatusForbidden, map[string]any{"errors": []string{"1 error occurred: permission denied"}})
		return
	}
	if strings.HasPrefix(path, "transit/") {
		associated, _ := base64.StdEncoding.DecodeString(body["associated_data"])
		plaintext, _ := base64.StdEncoding.DecodeString(body["plaintext"])
		d.Seen = append(d.Seen, Call{path, string(associated), plaintext, r.Header.Get("X-Vault-Namespace"), token})
	}
	switch path {
	case "auth/token/renew-self":
		if fault == NoRenewal {
			answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
			return
		}
		d.Renews++
		answer(w, http.StatusOK, map[string]any{"auth": map[string]any{"client_token": token, "lease_duration": d.lease, "renewable": true}})
	case "transit/encrypt/yinxin":
		plaintext, _ := base64.StdEncoding.DecodeString(body["plaintext"])
		associated, _ := base64.StdEncoding.DecodeString(body["associated_data"])
		if d.first == nil {
			d.first = plaintext
		}
		nonce := make([]byte, 12)
		rand.Read(nonce)
		answer(w, http.StatusOK, map[string]any{"data": map[string]any{"ciphertext": "vault:v1:" + base64.StdEncoding.EncodeToString(d.keys[0].Seal(nonce, nonce, plaintext, associated))}})
	case "transit/decrypt/yinxin":
		d.decrypt(w, body, fault)
	default:
		answer(w, http.StatusNotFound, map[string]any{"errors": []string{}})
	}
}

func (d *Double) decrypt(w http.ResponseWriter, body map[string]string, fault Fault) {
	key := d.keys[0]
	if fault == WrongKey {
		key = d.keys[1]
	}
	blob, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(body["ciphertext"], "vault:v1:"))
	associated, _ := base64.StdEncoding.DecodeString(body["associated_data"])
	var plaintext []byte
	if err == nil && len(blob) > 12 {
		plaintext, err = key.Open(nil, blob[:12], blob[12:], associated)
	}
	if fault == OtherKey {
		plaintext, err = d.first, nil
	}
	if err != nil || plaintext == nil {
		answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"cipher: message authentication failed"}})
		return
	}
	answer(w, http.StatusOK, map[string]any{"data": map[string]any{"plaintext": base64.StdEncoding.EncodeToString(plaintext)}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
