package tst

import (
	"bytes"
	"fmt"
	"math/big"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Imprint is MessageImprint: the digest of what is stamped.
type Imprint struct {
	Algorithm pki.AlgorithmIdentifier
	Digest    []byte
}

// ImprintOf is the imprint of octets under a digest algorithm; ErrDigest for one that is weak or not known.
func ImprintOf(oid string, octets []byte) (Imprint, error) {
	sum, ok := digest(oid, octets)
	if !ok {
		return Imprint{}, fmt.Errorf("%w: %s", ErrDigest, oid)
	}
	return Imprint{Algorithm: pki.AlgorithmIdentifier{OID: oid}, Digest: sum}, nil
}

// Equal compares algorithm and digest; absent and NULL parameters are the same.
func (i Imprint) Equal(other Imprint) bool {
	return i.Algorithm.OID == other.Algorithm.OID && i.Algorithm.Plain() && other.Algorithm.Plain() && bytes.Equal(i.Digest, other.Digest)
}

// Check tells whether the imprint is of these octets: ErrDigest when the algorithm is weak or not known, ErrImprint when the
// digest differs.
func (i Imprint) Check(octets []byte) error {
	sum, ok := digest(i.Algorithm.OID, octets)
	if !ok || !i.Algorithm.Plain() {
		return fmt.Errorf("%w: imprint by %s", ErrDigest, i.Algorithm.OID)
	}
	if !bytes.Equal(sum, i.Digest) {
		return ErrImprint
	}
	return nil
}

// Accuracy is how far genTime may lie from the true time, either way (RFC 3161 2.4.2).
type Accuracy struct {
	Seconds, Millis, Micros int
}

// Duration of the accuracy.
func (a Accuracy) Duration() time.Duration {
	return time.Duration(a.Seconds)*time.Second + time.Duration(a.Millis)*time.Millisecond + time.Duration(a.Micros)*time.Microsecond
}

// Info is TSTInfo (RFC 3161 2.4.2). All slices point into the input.
type Info struct {
	Policy     string
	Imprint    Imprint
	Serial     *big.Int
	GenTime    time.Time // UTC
	Accuracy   Accuracy  // zero when the authority states none
	Ordering   bool
	Nonce      *big.Int // nil when absent
	TSA        []byte   // GeneralName, nil when absent
	Extensions []pki.Extension
	Unhandled  []string // critical extensions: none is understood
}

// parseInfo reads TSTInfo.
func parseInfo(reader *der.Reader, input []byte) (Info, error) {
	var info Info
	value, err := reader.Parse(input)
	if err != nil {
		return info, err
	}
	fields, err := reader.Members(value, "TSTInfo", 5, 10)
	if err != nil {
		return info, err
	}
	if err := versionOne(reader, fields[0]); err != nil {
		return info, err
	}
	if info.Policy, err = reader.OID(fields[1]); err != nil {
		return info, err
	}
	if info.Imprint, err = parseImprint(reader, fields[2]); err != nil {
		return info, err
	}
	if info.Serial, err = number(reader, fields[3]); err != nil {
		return info, fmt.Errorf("serialNumber: %w", err)
	}
	if info.Serial.Sign() <= 0 {
		err = reader.Tolerate(SerialNotPositive)
	} else if info.Serial.BitLen() > 160 {
		err = reader.Tolerate(SerialTooLong)
	}
	if err != nil {
		return info, err
	}
	if !fields[4].Is(der.TagGeneralizedTime) {
		return info, fmt.Errorf("%w: genTime", der.ErrType)
	}
	if info.GenTime, err = reader.Time(fields[4]); err != nil {
		return info, err
	}
	return info, info.parseOptional(reader, fields[5:])
}

// parseOptional reads the members after genTime, which stand in this order or not at all.
func (i *Info) parseOptional(reader *der.Reader, fields []der.Value) error {
	take := func(is bool) (der.Value, bool) {
		if !is {
			return der.Value{}, false
		}
		field := fields[0]
		fields = fields[1:]
		return field, true
	}
	next := func(tag int) (der.Value, bool) { return take(len(fields) > 0 && fields[0].Is(tag)) }
	context := func(tag int) (der.Value, bool) { return take(len(fields) > 0 && fields[0].IsContext(tag)) }
	var err error
	if field, ok := next(der.TagSequence); ok {
		if i.Accuracy, err = parseAccuracy(reader, field); err != nil {
			return err
		}
	}
	if field, ok := next(der.TagBoolean); ok {
		if i.Ordering, err = reader.Boolean(field); err != nil {
			return err
		}
		if !i.Ordering {
			if err := reader.Tolerate(der.DefaultEncoded); err != nil {
				return err
			}
		}
	}
	if field, ok := next(der.TagInteger); ok {
		if i.Nonce, err = number(reader, field); err != nil {
			return fmt.Errorf("nonce: %w", err)
		}
	}
	if field, ok := context(0); ok {
		name, err := reader.Explicit(field)
		if err != nil {
			return err
		}
		i.TSA = name.Raw
	}
	if field, ok := context(1); ok {
		if i.Extensions, err = parseExtensions(reader, field); err != nil {
			return err
		}
		i.Unhandled = critical(i.Extensions)
	}
	if len(fields) > 0 {
		return fmt.Errorf("%w: unknown member of TSTInfo", der.ErrSyntax)
	}
	return nil
}

func parseImprint(reader *der.Reader, value der.Value) (Imprint, error) {
	var imprint Imprint
	fields, err := reader.Members(value, "messageImprint", 2, 2)
	if err != nil {
		return imprint, err
	}
	if imprint.Algorithm, err = pki.ParseAlgorithm(reader, fields[0]); err != nil {
		return imprint, err
	}
	imprint.Digest, err = reader.OctetString(fields[1])
	return imprint, err
}

// versionOne refuses every version but the first.
func versionOne(reader *der.Reader, value der.Value) error {
	version, err := number(reader, value)
	if err != nil {
		return fmt.Errorf("version: %w", err)
	}
	if version.Cmp(big.NewInt(1)) != 0 {
		return fmt.Errorf("%w: version %s", der.ErrSyntax, version)
	}
	return nil
}

// number reads an INTEGER of bounded size.
func number(reader *der.Reader, value der.Value) (*big.Int, error) {
	if !value.Is(der.TagInteger) {
		return nil, fmt.Errorf("%w: not an INTEGER", der.ErrType)
	}
	if len(value.Content) > maxNumber {
		return nil, fmt.Errorf("%w: INTEGER of %d octets", der.ErrLimit, len(value.Content))
	}
	return reader.Integer(value)
}

func parseAccuracy(reader *der.Reader, value der.Value) (Accuracy, error) {
	var accuracy Accuracy
	fields, err := reader.Members(value, "accuracy", 0, 3)
	if err != nil {
		return accuracy, err
	}
	last := -1
	for _, field := range fields {
		place, to := 0, &accuracy.Seconds
		switch {
		case field.Is(der.TagInteger):
		case field.IsContext(0):
			place, to = 1, &accuracy.Millis
		case field.IsContext(1):
			place, to = 2, &accuracy.Micros
		default:
			return accuracy, fmt.Errorf("%w: accuracy", der.ErrType)
		}
		if place <= last {
			return accuracy, fmt.Errorf("%w: order of accuracy", der.ErrSyntax)
		}
		last = place
		untagged := field // IMPLICIT: the content is that of an INTEGER
		untagged.Class, untagged.Tag = der.Universal, der.TagInteger
		if *to, err = reader.Int(untagged); err != nil {
			return accuracy, err
		}
		if *to < 0 || place > 0 && *to > 999 {
			return accuracy, fmt.Errorf("%w: accuracy of %d", der.ErrSyntax, *to)
		}
		if place > 0 && *to == 0 {
			if err := reader.Tolerate(AccuracyZero); err != nil {
				return accuracy, err
			}
		}
	}
	return accuracy, nil
}

// parseExtensions reads [n] IMPLICIT Extensions.
func parseExtensions(reader *der.Reader, value der.Value) ([]pki.Extension, error) {
	items, err := reader.List(value, "extensions", maxAttrs)
	if err != nil {
		return nil, err
	}
	return pki.ReadExtensions(reader, items)
}

func critical(list []pki.Extension) []string {
	var all []string
	for _, extension := range list {
		if extension.Critical {
			all = append(all, extension.OID)
		}
	}
	return all
}

// encode writes TSTInfo in DER.
func (i Info) encode() ([]byte, error) {
	policy, err := der.EncodeOID(i.Policy)
	if err != nil {
		return nil, fmt.Errorf("%w: policy: %w", ErrTemplate, err)
	}
	imprint, err := i.Imprint.encode()
	if err != nil {
		return nil, err
	}
	if i.Serial == nil || i.Serial.Sign() <= 0 || i.Serial.BitLen() > 160 {
		return nil, fmt.Errorf("%w: serial number", ErrTemplate)
	}
	genTime, err := der.EncodeFractionalTime(i.GenTime)
	if err != nil || i.GenTime.Year() < 1950 {
		return nil, fmt.Errorf("%w: genTime", ErrTemplate)
	}
	members := [][]byte{der.EncodeInt(1), policy, imprint, der.EncodeInteger(i.Serial), genTime}
	if i.Accuracy != (Accuracy{}) {
		accuracy, err := i.Accuracy.encode()
		if err != nil {
			return nil, err
		}
		members = append(members, accuracy)
	}
	if i.Ordering {
		members = append(members, der.EncodeBoolean(true))
	}
	if i.Nonce != nil {
		members = append(members, der.EncodeInteger(i.Nonce))
	}
	if i.TSA != nil {
		members = append(members, der.EncodeExplicit(0, i.TSA))
	}
	return der.EncodeSequence(members...), nil
}

func (i Imprint) encode() ([]byte, error) {
	if size := DigestSize(i.Algorithm.OID); size == 0 || !i.Algorithm.Plain() {
		return nil, fmt.Errorf("%w: %s", ErrDigest, i.Algorithm.OID)
	} else if len(i.Digest) != size {
		return nil, fmt.Errorf("%w: digest of %d octets", ErrTemplate, len(i.Digest))
	}
	oid, err := der.EncodeOID(i.Algorithm.OID)
	if err != nil {
		return nil, err
	}
	return der.EncodeSequence(der.EncodeSequence(oid, i.Algorithm.Parameters), der.EncodeOctetString(i.Digest)), nil
}

func (a Accuracy) encode() ([]byte, error) {
	if a.Seconds < 0 || a.Millis < 0 || a.Millis > 999 || a.Micros < 0 || a.Micros > 999 {
		return nil, fmt.Errorf("%w: accuracy", ErrTemplate)
	}
	var members [][]byte
	if a.Seconds > 0 {
		members = append(members, der.EncodeInt(a.Seconds))
	}
	for tag, part := range []int{a.Millis, a.Micros} {
		if part > 0 {
			encoded := der.EncodeInt(part)
			members = append(members, der.EncodeImplicit(tag, false, encoded[2:]))
		}
	}
	return der.EncodeSequence(members...), nil
}
