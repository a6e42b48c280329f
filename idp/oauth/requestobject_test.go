package oauth

import (
	"encoding/json"
	"testing"
)

func TestF01ParametersAreReadByWhatTheyAre(t *testing.T) {
	params, err := requestParams([]byte(`{"iss":"c","aud":["x"],"exp":1,"nbf":1,"iat":1,"jti":"j","sub":"s","client_id":"c","scope":"openid","max_age":3600,"claims":{"id_token":{"acr":null}},
		"authorization_details":[{"type":"a"}],"resource":["https://a","https://b"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"client_id": "c", "scope": "openid", "max_age": "3600", "claims": `{"id_token":{"acr":null}}`, "authorization_details": `[{"type":"a"}]`} {
		if params.Get(name) != want {
			t.Errorf("%s is %q", name, params.Get(name))
		}
	}
	if len(params["resource"]) != 2 || len(params) != 6 {
		t.Errorf("params are %v", params)
	}
}

func FuzzRequestParams(f *testing.F) {
	f.Add([]byte(`{"client_id":"c","max_age":3600,"claims":{},"resource":["a"],"authorization_details":[{}]}`))
	f.Add([]byte(`{"max_age":1e9,"scope":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		params, err := requestParams(payload)
		if err != nil {
			return
		}
		if params.Has("request") || params.Has("request_uri") || params.Has("iss") || params.Has("exp") {
			t.Fatalf("%v came out of %s", params, payload)
		}
		for _, name := range []string{"claims", "authorization_details"} {
			var text string
			var claims map[string]json.RawMessage
			if json.Unmarshal(payload, &claims) == nil && json.Unmarshal(claims[name], &text) != nil && params.Has(name) && !json.Valid([]byte(params.Get(name))) {
				t.Fatalf("%s is no JSON: %s", name, params.Get(name))
			}
		}
	})
}
