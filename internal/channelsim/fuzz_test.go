package channelsim_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/channelsim"
)

// FuzzSession: whatever is said, the server stays within its bounds, ends, and takes no mail from who did not authenticate.
func FuzzSession(f *testing.F) {
	f.Add([]byte("EHLO a\r\nAUTH PLAIN AG1vY2sAcA==\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n"))
	f.Add([]byte("EHLO a\nMAIL FROM:<a@b>\nRCPT TO:<refused@d>\nDATA\n"))
	f.Add([]byte("AUTH LOGIN\r\nbW9jaw==\r\neA==\r\nSTARTTLS\r\nSTARTTLS\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		server := &channelsim.SMTP{Log: &channelsim.Log{}, User: "mock", Password: "another", Now: time.Now}
		here, there := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			server.Session(context.Background(), there)
		}()
		go io.Copy(io.Discard, here)
		here.Write(said)
		here.Close()
		<-done
		if len(server.Log.Messages()) != 0 {
			t.Fatal("it took a mail from a stranger")
		}
	})
}

// FuzzParams: what is read as parameters is read the same when it is written again.
func FuzzParams(f *testing.F) {
	f.Add(`{"code":"1"}`)
	f.Add(`"{\"code\":\"1\"}"`)
	f.Add(`"x"`)
	f.Fuzz(func(t *testing.T, text string) {
		var p, again channelsim.Params
		if json.Unmarshal([]byte(text), &p) != nil {
			return
		}
		written, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil || len(again) != len(p) {
			t.Fatalf("%s became %s: %v", text, written, err)
		}
	})
}
