package inspect

import (
	"encoding/hex"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// oidTimeStampInfo is id-ct-TSTInfo (RFC 3161 section 2.4.2).
const oidTimeStampInfo = "1.2.840.113549.1.9.16.1.4"

// TimestampResponse shows TimeStampResp (RFC 3161 section 2.4.2, GB/T 20520).
type TimestampResponse struct {
	Status int `json:"status"` // 0 granted, 1 granted with changes, others: no token
}

// Timestamp shows TSTInfo, what a time stamp says.
type Timestamp struct {
	Version   int       `json:"version"`
	Policy    string    `json:"policy"`
	Algorithm string    `json:"hash_algorithm"`
	Digest    string    `json:"hashed_message"`
	Serial    string    `json:"serial_number"`
	Moment    time.Time `json:"gen_time"`
	Nonce     string    `json:"nonce,omitempty"`
}

var errTimestamp = errors.New("not a time stamp")

// tryTimestampResponse takes TimeStampResp and shows the token in it as the message that it is.
func tryTimestampResponse(file *File, _, content []byte) bool {
	reader := &der.Reader{}
	value, err := reader.Parse(content)
	if err != nil {
		return false
	}
	members, err := reader.Sequence(value)
	if err != nil || len(members) < 1 || len(members) > 2 {
		return false
	}
	status, err := reader.Sequence(members[0])
	if err != nil || len(status) < 1 || len(status) > 3 {
		return false
	}
	number, err := reader.Int(status[0])
	if err != nil {
		return false
	}
	if len(members) == 1 {
		if number < 2 || len(value.Raw) != len(content) { // a grant comes with a token
			return false
		}
	} else if !tryMessage(file, nil, members[1].Raw) {
		return false
	}
	file.Format, file.TimestampResponse = FormatTimestamp, &TimestampResponse{number}
	return true
}

// showTimestamp shows what a signed message says when it is a time stamp token.
func showTimestamp(message *pki.SignedData) (*Timestamp, error) {
	if message.InnerType != oidTimeStampInfo {
		return nil, nil
	}
	reader := &der.Reader{}
	value, err := reader.Parse(message.Content)
	if err != nil {
		return nil, err
	}
	members, err := reader.Sequence(value)
	if err != nil {
		return nil, err
	}
	if len(members) < 5 {
		return nil, errTimestamp
	}
	imprint, err := reader.Sequence(members[2])
	if err != nil {
		return nil, err
	}
	if len(imprint) != 2 {
		return nil, errTimestamp
	}
	algorithm, err := reader.Sequence(imprint[0])
	if err != nil {
		return nil, err
	}
	if len(algorithm) < 1 {
		return nil, errTimestamp
	}
	shown := &Timestamp{}
	serial, errSerial := reader.Integer(members[3])
	var digest []byte
	var failures [5]error
	shown.Version, failures[0] = reader.Int(members[0])
	shown.Policy, failures[1] = reader.OID(members[1])
	shown.Algorithm, failures[2] = reader.OID(algorithm[0])
	digest, failures[3] = reader.OctetString(imprint[1])
	shown.Moment, failures[4] = reader.Time(members[4])
	if err := errors.Join(append(failures[:], errSerial)...); err != nil {
		return nil, err
	}
	shown.Digest, shown.Serial = hex.EncodeToString(digest), serial.Text(16)
	for _, member := range members[5:] {
		if member.Is(der.TagInteger) {
			if nonce, err := reader.Integer(member); err == nil {
				shown.Nonce = nonce.Text(16)
			}
		}
	}
	return shown, nil
}
