package mock

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/internal/channelsim"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Channels are a simulated provider of SMS and a simulated mail server, for a platform of yours whose `channels` are tried.
type Channels struct {
	Simulator    bool   `json:"simulator"`     // always true: nothing is sent
	SMS          string `json:"sms"`           // POST
	SMSSecret    string `json:"sms_secret"`    // of the signature
	Mail         string `json:"mail"`          // host:port, STARTTLS
	MailUser     string `json:"mail_user"`     //
	MailPassword string `json:"mail_password"` //
	MailRoot     string `json:"mail_root"`     // PEM of the root of the mail server, for outbound.ca_file
	Messages     string `json:"messages"`      // GET: what was taken, with its delivery report
}

// How late a slow answer comes: after the platform stopped waiting (5 s for SMS, 10 s for mail).
const (
	lateText = 7 * time.Second
	lateMail = 12 * time.Second
)

func newChannels(sms, mail site) (http.Handler, *channelsim.SMTP, Channels, error) {
	certificate, root, err := mailCertificate()
	if err != nil {
		return nil, nil, Channels{}, err
	}
	c := Channels{Simulator: true, SMS: sms.url + "/sms", SMSSecret: ident.Secret(rand.Reader, 24), Mail: mail.host, MailUser: "mock", MailPassword: ident.Secret(rand.Reader, 24), MailRoot: root, Messages: sms.url + "/messages"}
	log := &channelsim.Log{}
	return &channelsim.SMS{Log: log, Secret: c.SMSSecret, Late: lateText, Now: time.Now},
		&channelsim.SMTP{Log: log, User: c.MailUser, Password: c.MailPassword, TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, Late: lateMail, Now: time.Now}, c, nil
}

// mailCertificate is good for a day, for loopback.
func mailCertificate() (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "yinxin mock mail"}, DNSNames: []string{"localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
