import CCurl
import Glibc

/// libcurl's functions, loaded once on first use.
struct CurlLibrary: Sendable {
  typealias Handle = UnsafeMutableRawPointer

  let easyInit: @convention(c) () -> Handle?
  let easyReset: @convention(c) (Handle?) -> Void
  let easyCleanup: @convention(c) (Handle?) -> Void
  let easyMessage: @convention(c) (CURLcode) -> UnsafePointer<CChar>?
  let multiInit: @convention(c) () -> Handle?
  let multiAdd: @convention(c) (Handle?, Handle?) -> CURLMcode
  let multiRemove: @convention(c) (Handle?, Handle?) -> CURLMcode
  let multiPerform: @convention(c) (Handle?, UnsafeMutablePointer<Int32>?) -> CURLMcode
  let multiPoll:
    @convention(c) (Handle?, Handle?, UInt32, Int32, UnsafeMutablePointer<Int32>?) -> CURLMcode
  let multiInfo:
    @convention(c) (Handle?, UnsafeMutablePointer<Int32>?) -> UnsafeMutablePointer<CURLMsg>?
  let multiCleanup: @convention(c) (Handle?) -> CURLMcode
  let listAppend:
    @convention(c) (UnsafeMutablePointer<curl_slist>?, UnsafePointer<CChar>?) ->
      UnsafeMutablePointer<curl_slist>?
  let listFree: @convention(c) (UnsafeMutablePointer<curl_slist>?) -> Void
  /// Variadic: called through CCurl.
  let easySetOption: Symbol

  /// A function's address, which never changes.
  struct Symbol: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
  }

  static let shared: Result<CurlLibrary, HTTPError> = {
    for name in ["libcurl.so.4", "libcurl-gnutls.so.4"] {
      guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      if let curl = CurlLibrary(library) { return .success(curl) }
    }
    return .failure(
      HTTPError(
        .noLibrary, "libcurl is not installed, or older than 7.66",
        remedy: "install it: apt install libcurl4"))
  }()

  private init?(_ library: UnsafeMutableRawPointer) {
    typealias GlobalInit = @convention(c) (Int) -> CURLcode
    func find<Function>(_ name: String, _ type: Function.Type) -> Function? {
      dlsym(library, name).map { unsafeBitCast($0, to: type) }
    }
    guard let globalInit = find("curl_global_init", GlobalInit.self),
      let easyInit = find("curl_easy_init", (@convention(c) () -> Handle?).self),
      let easyReset = find("curl_easy_reset", (@convention(c) (Handle?) -> Void).self),
      let easyCleanup = find("curl_easy_cleanup", (@convention(c) (Handle?) -> Void).self),
      let easyMessage = find(
        "curl_easy_strerror", (@convention(c) (CURLcode) -> UnsafePointer<CChar>?).self),
      let multiInit = find("curl_multi_init", (@convention(c) () -> Handle?).self),
      let multiAdd = find(
        "curl_multi_add_handle", (@convention(c) (Handle?, Handle?) -> CURLMcode).self),
      let multiRemove = find(
        "curl_multi_remove_handle", (@convention(c) (Handle?, Handle?) -> CURLMcode).self),
      let multiPerform = dlsym(library, "curl_multi_perform"),
      let multiPoll = dlsym(library, "curl_multi_poll"),
      let multiInfo = dlsym(library, "curl_multi_info_read"),
      let multiCleanup = find("curl_multi_cleanup", (@convention(c) (Handle?) -> CURLMcode).self),
      let listAppend = dlsym(library, "curl_slist_append"),
      let listFree = dlsym(library, "curl_slist_free_all"),
      let setOption = dlsym(library, "curl_easy_setopt"),
      globalInit(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    else { return nil }
    self.easyInit = easyInit
    self.easyReset = easyReset
    self.easyCleanup = easyCleanup
    self.easyMessage = easyMessage
    self.multiInit = multiInit
    self.multiAdd = multiAdd
    self.multiRemove = multiRemove
    self.multiPerform = unsafeBitCast(
      multiPerform,
      to: (@convention(c) (Handle?, UnsafeMutablePointer<Int32>?) -> CURLMcode).self)
    self.multiPoll = unsafeBitCast(
      multiPoll,
      to: (@convention(c) (Handle?, Handle?, UInt32, Int32, UnsafeMutablePointer<Int32>?) ->
        CURLMcode).self)
    self.multiInfo = unsafeBitCast(
      multiInfo,
      to: (@convention(c) (Handle?, UnsafeMutablePointer<Int32>?) -> UnsafeMutablePointer<CURLMsg>?)
        .self)
    self.multiCleanup = multiCleanup
    self.listAppend = unsafeBitCast(
      listAppend,
      to: (@convention(c) (UnsafeMutablePointer<curl_slist>?, UnsafePointer<CChar>?) ->
        UnsafeMutablePointer<curl_slist>?).self)
    self.listFree = unsafeBitCast(
      listFree, to: (@convention(c) (UnsafeMutablePointer<curl_slist>?) -> Void).self)
    easySetOption = Symbol(address: setOption)
  }
}
