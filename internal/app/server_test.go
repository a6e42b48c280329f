package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/strictjson"
)

// TestTLS12TakesOnlyRecommendedSuites: FAPI 2.0 Security Profile 5.2.2, RFC 9325 4.2.
func TestTLS12TakesOnlyRecommendedSuites(t *testing.T) {
	key, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, err2 := x509.MarshalPKCS8PrivateKey(key)
	draft := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	certificate, err3 := x509.CreateCertificate(rand.Reader, draft, draft, &key.PublicKey, key)
	files := TLS{CertFile: filepath.Join(t.TempDir(), "cert.pem"), KeyFile: filepath.Join(t.TempDir(), "key.pem")}
	err4 := os.WriteFile(files.CertFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600)
	err5 := os.WriteFile(files.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	cfg, err6 := serverTLS(files)
	for _, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err != nil {
			t.Fatal(err)
		}
	}
	shake := func(version, suite uint16) error {
		near, far := net.Pipe()
		defer near.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer far.Close()
			tls.Server(far, cfg).Handshake()
		}()
		err := tls.Client(near, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, CipherSuites: []uint16{suite}}).Handshake()
		near.Close()
		<-done
		return err
	}
	recommended := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384} // with the P-256 key of this test
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		if err := shake(tls.VersionTLS12, suite.ID); (err == nil) != slices.Contains(recommended, suite.ID) {
			t.Errorf("%s: %v", suite.Name, err)
		}
	}
	if err := shake(tls.VersionTLS13, 0); err != nil {
		t.Errorf("TLS 1.3: %v", err)
	}
	if shake(tls.VersionTLS11, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA) == nil {
		t.Error("TLS 1.1 is taken")
	}
}

// TestI05SecondReadingKeepsTheBounds: what the first reading refused is not decoded by the second one, which comes all the same.
func TestI05SecondReadingKeepsTheBounds(t *testing.T) {
	deep := []byte(`{"reason":` + strings.Repeat("[", strictjson.MaxDepth) + strings.Repeat("]", strictjson.MaxDepth) + `}`)
	var judged any
	var record struct{ Reason any }
	if err := unmarshalStrictly(deep, &judged); !errors.Is(err, strictjson.ErrSyntax) {
		t.Errorf("the first: %v", err)
	}
	if err := unmarshalStrictly(deep, &record); !errors.Is(err, strictjson.ErrSyntax) || record.Reason != nil {
		t.Errorf("the second: %v", err)
	}
}
