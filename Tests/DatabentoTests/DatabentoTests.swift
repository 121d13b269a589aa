import Testing

@testable import Databento
