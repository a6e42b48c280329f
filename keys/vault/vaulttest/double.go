// Package vaulttest is an in-process double of the parts of the Vault HTTP interface that the provider uses: AppRole
// login, token renewal, transit encryption with associated data, health; with faults on demand.
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
)

// Double is a running server.
type Double struct {
	URL    string
	Logins int
	Renews int
	mutex  sync.Mutex
	fault  Fault
	tokens map[string]bool
	keys   [2]cipher.AEAD
	ended  chan struct{}
}

// RoleID and SecretID open the double.
const (
	RoleID   = "role"
	SecretID = "secret"
	Lease    = 3600 // seconds
)

// Start runs a double until the test ends.
func Start(t testing.TB) *Double {
	d := &Double{ended: make(chan struct{}), tokens: map[string]bool{}}
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

func (d *Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mutex.Lock()
	fault := d.fault
	d.mutex.Unlock()
	switch fault {
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
		if body["role_id"] != RoleID || body["secret_id"] != SecretID {
			answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"invalid role or secret ID"}})
			return
		}
		d.Logins++
		token := fmt.Sprintf("token-%d", d.Logins)
		d.tokens[token] = true
		answer(w, http.StatusOK, map[string]any{"auth": map[string]any{"client_token": token, "lease_duration": Lease, "renewable": true}})
		return
	}
	token := r.Header.Get("X-Vault-Token")
	if !d.tokens[token] {
		answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
		return
	}
	switch path {
	case "auth/token/renew-self":
		if fault == NoRenewal {
			answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
			return
		}
		d.Renews++
		answer(w, http.StatusOK, map[string]any{"auth": map[string]any{"client_token": token, "lease_duration": Lease, "renewable": true}})
	case "transit/encrypt/yinxin":
		plaintext, _ := base64.StdEncoding.DecodeString(body["plaintext"])
		associated, _ := base64.StdEncoding.DecodeString(body["associated_data"])
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
