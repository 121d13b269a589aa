import Platform
import Testing

@Suite struct MemoryRoomTests {
  @Test func memoryThatNoMachineHasIsNotThere() {
    #expect(MemoryRoom.has(0) && MemoryRoom.has(1 << 20))
    #expect(!MemoryRoom.has(1 << 60))
  }
}
