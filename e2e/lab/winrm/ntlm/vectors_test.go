package ntlm

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestVectors checks the calculations against MS-NLMP 4.2.1 and 4.2.4: user
// "User", domain "Domain", password "Password", server challenge
// 0123456789abcdef, client challenge aa…, random session key 55…, time 0.
func TestVectors(t *testing.T) {
	key := ntowfv2(HashPassword("Password"), "User", "Domain")
	blob := unhex(t, "01 01 00 00 00 00 00 00"+strings.Repeat("00", 8)+strings.Repeat("aa", 8)+"00 00 00 00")
	blob = append(appendAttributes(blob, []attribute{
		{avNetBIOSDomain, encodeUTF16("Domain")}, {avNetBIOSComputer, encodeUTF16("Server")},
	}), 0, 0, 0, 0)
	proof := hmacMD5(key, unhex(t, "0123456789abcdef"), blob)
	base := sessionBaseKey(key, proof)
	exported := bytes.Repeat([]byte{0x55}, 16)
	flags := Flags(0xe28a8233)

	for _, v := range []struct {
		name string
		got  []byte
		want string
	}{
		{"NT hash", func() []byte { h := HashPassword("Password"); return h[:] }(), "a4f49c406510bdcab6824ee7c30fd852"},
		{"NTOWFv2", key, "0c868a403bfd7a93a3001ef22ef02e3f"},
		{"NTProofStr", proof, "68cd0ab851e51c96aabc927bebef6a1c"},
		{"SessionBaseKey", base, "8de40ccadbc14a82f15cb0ad0de95ca3"},
		{"EncryptedRandomSessionKey", rc4Once(base, exported), "c5dad2544fc9799094ce1ce90bc9d03e"},
		{"client seal key", sealKey(flags, exported, clientSealing), "59f600973cc4960a25480a7c196e4c58"},
		{"client sign key", signKey(exported, clientSigning), "4788dc861b4782f35d43fd98fe1a2d39"},
	} {
		if got := hex.EncodeToString(v.got); got != v.want {
			t.Errorf("%s is %s, want %s", v.name, got, v.want)
		}
	}

	// 4.2.4.4: the sealed message is one from the client, so the server must be able to open it.
	server := newServerSession(flags, exported)
	plain, err := server.Unseal(unhex(t, "01000000 7fb38ec5c55d4976 00000000"),
		unhex(t, "54e50165bf1936dc996020c1811b0f06fb5f"))
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := decodeUTF16(plain); text != "Plaintext" {
		t.Errorf("opened message is %q, want Plaintext", text)
	}
}

// TestChannelBindingVector is the example Microsoft published with the
// explanation of the attribute: a certificate hash and the value sent for it.
func TestChannelBindingVector(t *testing.T) {
	data := append([]byte("tls-server-end-point:"),
		unhex(t, "ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95")...)
	got := ChannelBindings(data)
	if want := "6586e99d81c2fc984e47172fd4dd0310"; hex.EncodeToString(got[:]) != want {
		t.Errorf("channel binding is %x, want %s", got, want)
	}
}
