// Package foreign proves that programs nobody here wrote can use the lab:
// pywinrm, Ansible, curl and the MIT Kerberos library, unmodified, as Debian
// ships them, against a WinRM service with a real Kerberos KDC beside it.
//
// It holds tests only. They need the Debian packages ansible, python3-winrm,
// python3-requests-ntlm, python3-requests-kerberos, python3-gssapi, curl,
// krb5-kdc, krb5-admin-server and krb5-user; what is missing is named and its
// tests are skipped, or fail when LIFEBOAT_REQUIRE_FOREIGN is 1.
//
// They drive a whole planned failover of a lab, and move VMs by hand under a
// run of lifeboat, which must notice and hold.
//
// What it is not: it does not test what commands do. Where the transport is
// tested they are answered by a runner that repeats what it was asked to run.
package foreign
