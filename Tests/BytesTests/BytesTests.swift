import TestSupport
import Testing

@testable import Bytes

@Test func crcOfTheCheckValue() {
  let check = Array("123456789".utf8)
  #expect(check.withUnsafeBytes { CRC32.checksum($0) } == 0xCBF4_3926)
}

@Test func crcContinues() {
  var random = SeededGenerator(seed: 3)
  let bytes = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &random) }
  bytes.withUnsafeBytes { whole in
    let expected = CRC32.checksum(whole)
    for size in boundarySizes {
      let head = CRC32.checksum(UnsafeRawBufferPointer(rebasing: whole[..<size]))
      #expect(
        CRC32.checksum(UnsafeRawBufferPointer(rebasing: whole[size...]), seed: head) == expected)
    }
  }
}

@Test func allFormsOfSHA256Agree() {
  var random = SeededGenerator(seed: 11)
  let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
  for size in boundarySizes {
    bytes.withUnsafeBytes { whole in
      let part = UnsafeRawBufferPointer(rebasing: whole[..<size])
      let expected = SHA256.hex(of: part)
      for form in [SHA256.Form.blocks, .native, .portable] {
        guard var hash = SHA256(form: form) else { continue }
        // In two pieces: the bytes of an incomplete block must be kept.
        let cut = Int.random(in: 0...size, using: &random)
        hash.update(UnsafeRawBufferPointer(rebasing: part[..<cut]))
        hash.update(UnsafeRawBufferPointer(rebasing: part[cut...]))
        #expect(hash.finalHex() == expected, "\(form), \(size) bytes cut at \(cut)")
      }
    }
  }
  let abc = Array("abc".utf8)
  #expect(
    abc.withUnsafeBytes { SHA256.hex(of: $0) }
      == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
}

@Test func fingerprintsDoNotDependOnOrder() {
  var total = Fingerprint()
  total &+= Fingerprint(low: .max, high: 1)
  total &+= Fingerprint(low: 2, high: 3)
  #expect(total == Fingerprint(low: 1, high: 5))
  total &-= Fingerprint(low: 2, high: 3)
  #expect(total == Fingerprint(low: .max, high: 1))
  #expect(Fingerprint(hex: total.description) == total)
  #expect(Fingerprint(hex: "+" + total.description.dropFirst()) == nil)
}
