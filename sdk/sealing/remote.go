package sealing

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"time"

	yinxin "github.com/yinxin-gov/yinxin/sdk"

	"github.com/yinxin-gov/yinxin/esign/prepare"
)

// Material is what a document needs of a seal before it is signed. It can be kept as JSON: with the same material, document and places,
// Prepare gives the same digest again, so that an approval of that digest is waited for without keeping what was prepared.
type Material = prepare.Material

// Order says what a seal is used for.
type Order struct {
	SealID   string // our identifier of the seal, not its code
	Places   []Place
	Purpose  string // required
	Item     string
	Approval string // the approved request, where one is named
	Key      string // idempotency key, 8 to 128 characters: the same key and the same words give the same result
}

// Use is the record of a use of a seal.
type Use struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	SourceSM3 string `json:"source_sm3"` // of the document before, or the digest that was signed of one that stayed
	ResultSM3 string `json:"result_sm3"`
	Remote    bool   `json:"remote"`
}

// ErrValue is a value that is not of what was prepared: of another document, seal or property.
var ErrValue = prepare.ErrValue

// Prepared is a document that waits for its value.
type Prepared struct {
	pending  prepare.Pending
	material Material
}

// Prepare makes what is signed of a document. It refuses what the platform would refuse: a document that is malformed, changed since an
// earlier signature (judged with the verifier's trust), or closed to signatures, and a place that is not on it. Nothing is asked of anybody.
func Prepare(material Material, document []byte, places []Place, verifier *yinxin.Verifier) (*Prepared, error) {
	if len(document) > MaxDocument {
		return nil, fmt.Errorf("sealing: a document of more than %d octets", MaxDocument)
	}
	if err := prepare.CheckForm(places); err != nil {
		return nil, err
	}
	opened, err := prepare.Open(document, func(document []byte) yinxin.Result { return verifier.Verify("document", document) })
	if err != nil {
		return nil, err
	}
	shown, err := opened.Lay(places, material.Seal)
	if err != nil {
		return nil, err
	}
	pending, err := opened.Begin(prepare.Request{Material: material, Shown: shown})
	if err != nil {
		return nil, err
	}
	if _, err := prepare.FormatOfProperty(pending.Property()); err != nil {
		return nil, err // the platform would not sign it
	}
	return &Prepared{pending, material}, nil
}

// Digest is SM3 of what is signed: 32 octets.
func (p *Prepared) Digest() []byte { return p.pending.Digest() }

// Property says which octets of the document are signed.
func (p *Prepared) Property() string { return p.pending.Property() }

// Complete puts the value in and judges the finished document. It is given only if the new signature holds in every step and covers all that
// is visible, and nothing speaks against the whole; that takes the root of the seal's certificates in the verifier's trust.
func (p *Prepared) Complete(value []byte, verifier *yinxin.Verifier) ([]byte, error) {
	if err := prepare.CheckValue(value, p.Digest(), p.Property(), p.material); err != nil {
		return nil, err
	}
	sealed, err := p.pending.Complete(value)
	if err != nil {
		return nil, err
	}
	if err := prepare.CheckSealed(verifier.Verify("sealed", sealed), p.material.TimeStamped); err != nil {
		return nil, err
	}
	return sealed, nil
}

// Material asks for what a document needs of a seal.
func (c *Client) Material(ctx context.Context, sealID string) (Material, error) {
	var answer struct {
		Seal        []byte    `json:"seal"`
		SignerCert  []byte    `json:"signer_certificate"`
		Name        string    `json:"name"`
		Company     string    `json:"company"`
		At          time.Time `json:"signing_time"`
		TimeStamped bool      `json:"time_stamped"`
	}
	err := c.call(ctx, http.MethodGet, sealPath(sealID)+"/signature-material", "", nil, &answer)
	return Material{Seal: answer.Seal, SignerCert: answer.SignerCert, Name: answer.Name, Company: answer.Company, At: answer.At, TimeStamped: answer.TimeStamped}, err
}

// Sign asks for the value of a prepared document. The document stays here; its digest, what the seal is used for and where it is drawn are
// told. The order's places are to be those of Prepare.
func (c *Client) Sign(ctx context.Context, o Order, p *Prepared) ([]byte, Use, error) {
	var answer struct {
		Stamp Use    `json:"stamp"`
		Value []byte `json:"value"`
	}
	body := o.words()
	body["digest"], body["property"] = hex.EncodeToString(p.Digest()), p.Property()
	err := c.call(ctx, http.MethodPost, sealPath(o.SealID)+"/signatures", o.Key, body, &answer)
	return answer.Value, answer.Stamp, err
}

// SealHere seals a document that stays here: Material, Prepare, Sign and Complete. Who waits for an approval in between calls them one by
// one and keeps the material.
func (c *Client) SealHere(ctx context.Context, o Order, document []byte, verifier *yinxin.Verifier) ([]byte, Use, error) {
	material, err := c.Material(ctx, o.SealID)
	if err != nil {
		return nil, Use{}, err
	}
	prepared, err := Prepare(material, document, o.Places, verifier)
	if err != nil {
		return nil, Use{}, err
	}
	value, use, err := c.Sign(ctx, o, prepared)
	if err != nil {
		return nil, use, err
	}
	sealed, err := prepared.Complete(value, verifier)
	return sealed, use, err
}

// Stamp seals a document on the platform, which keeps the result for the same key.
func (c *Client) Stamp(ctx context.Context, o Order, document []byte) ([]byte, Use, error) {
	if len(document) > MaxDocument {
		return nil, Use{}, fmt.Errorf("sealing: a document of more than %d octets", MaxDocument)
	}
	var answer struct {
		Stamp    Use    `json:"stamp"`
		Document []byte `json:"document"`
	}
	body := o.words()
	body["document"] = base64.StdEncoding.EncodeToString(document)
	err := c.call(ctx, http.MethodPost, sealPath(o.SealID)+"/stamps", o.Key, body, &answer)
	return answer.Document, answer.Stamp, err
}

// Try asks the platform to look for the places on a document with every check that needs no key, and tells how often the seal would be drawn.
func (c *Client) Try(ctx context.Context, o Order, document []byte) (appearances int, err error) {
	var answer struct {
		Appearances []struct {
			Page int `json:"page"`
		} `json:"appearances"`
	}
	body := o.words()
	for _, name := range []string{"purpose", "item", "approval"} {
		delete(body, name)
	}
	body["document"] = base64.StdEncoding.EncodeToString(document)
	err = c.call(ctx, http.MethodPost, sealPath(o.SealID)+"/stamps/preview", "", body, &answer)
	return len(answer.Appearances), err
}

func sealPath(id string) string { return "/api/v1/seals/" + url.PathEscape(id) }

// words are the members that every order has.
func (o Order) words() map[string]any {
	body := map[string]any{"purpose": o.Purpose}
	if o.Item != "" {
		body["item"] = o.Item
	}
	if o.Approval != "" {
		body["approval"] = o.Approval
	}
	if len(o.Places) == 0 {
		body["page"] = 0
	} else {
		body["places"] = o.Places
	}
	return body
}
