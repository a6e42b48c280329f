package sealhttp

import (
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// SignatureMaterial is what a document needs of a seal before its digest is known.
type SignatureMaterial struct {
	Seal        []byte    `json:"seal" doc:"The seal (SES_Seal, GB/T 38540-2020 6.1), Base64: it goes into an OFD as Seal.esl, and its picture is drawn"`
	SignerCert  []byte    `json:"signer_certificate" doc:"Certificate of the signer, DER, Base64"`
	Name        string    `json:"name" doc:"Name of the seal"`
	Company     string    `json:"company" doc:"Who signs, for Provider in an OFD"`
	At          time.Time `json:"signing_time" doc:"Time to write into the document; the value says its own"`
	TimeStamped bool      `json:"time_stamped" doc:"Whether the value will carry a time-stamp token: a PDF leaves some 24 KB more room for it"`
}

// SignatureOrder asks for a seal signature over a digest.
type SignatureOrder struct {
	Digest   string `json:"digest" pattern:"^[0-9a-fA-F]{64}$" doc:"SM3, hex: of Signature.xml in an OFD, of the octets that ByteRange names in a PDF" example:"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"`
	Property string `json:"property" minLength:"1" maxLength:"255" doc:"What is signed (propertyInfo): the absolute path of Signature.xml in the OFD, or ByteRange for a PDF" example:"/Doc_0/Signs/Sign_0/Signature.xml"`
	Where
	Item     string `json:"item,omitempty" maxLength:"100" doc:"Service item"`
	Purpose  string `json:"purpose" minLength:"1" maxLength:"200" doc:"Why the seal is used"`
	Approval string `json:"approval,omitempty" maxLength:"64" doc:"Request that was approved (request-seal-use with remote); one that fits is found when absent and the rule of the seal asks for one"`
}

// registerRemote adds the operations for documents that stay with their holders.
func registerRemote(api huma.API, service *esign.Service, operation func(id, method, path, summary string, status int) huma.Operation) {
	material := operation("get-signature-material", http.MethodGet, "/{id}/signature-material", "本地用印所需的印章数据 What a document needs of a seal", http.StatusOK)
	material.Description = "For documents that stay with the caller. Refused unless the rule of the seal allows it (remote)."
	huma.Register(api, material, func(ctx context.Context, in *PathID) (*struct{ Body SignatureMaterial }, error) {
		m, err := service.Material(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &struct{ Body SignatureMaterial }{SignatureMaterial{Seal: m.Seal, SignerCert: m.SignerCert, Name: m.Name, Company: m.Company, At: m.At, TimeStamped: m.TimeStamped}}, nil
	})
	signing := operation("sign-digest", http.MethodPost, "/{id}/signatures", "对本地文件用印 Sign the digest of a document that stays with the caller", http.StatusCreated)
	signing.Description = "Answers the value of the signature alone (SES_Signature); the caller puts it into the document. Nobody here sees that, so the rule of the seal has to allow it, and the log of uses says so."
	huma.Register(api, signing, func(ctx context.Context, in *struct {
		PathID
		Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key gives the same value again"`
		Body SignatureOrder
	}) (*struct {
		Body struct {
			Stamp StampRecord `json:"stamp" doc:"The use of the seal"`
			Value []byte      `json:"value" doc:"SES_Signature (GB/T 38540-2020 7.1), Base64"`
		}
	}, error) {
		if err := esign.MayStamp(ctx); err != nil {
			return nil, err
		}
		sum, err := hex.DecodeString(in.Body.Digest)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid).WithField("digest", fault.SealRemoteDigest)
		}
		where, err := in.Body.places()
		if err != nil {
			return nil, err
		}
		stamp, value, err := service.Stamp(ctx, esign.StampRequest{SealID: in.ID, Remote: &esign.RemoteDocument{Digest: sum, Property: in.Body.Property}, Places: where, Item: in.Body.Item, Purpose: in.Body.Purpose,
			Approval: in.Body.Approval, Key: in.Key})
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				Stamp StampRecord `json:"stamp" doc:"The use of the seal"`
				Value []byte      `json:"value" doc:"SES_Signature (GB/T 38540-2020 7.1), Base64"`
			}
		}{}
		out.Body.Stamp, out.Body.Value = stampRecord(stamp), value
		return out, nil
	})
}
