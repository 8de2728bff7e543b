# Third-party libraries, all of them Debian packages (versions as in Debian 12 and 13), as imported targets.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
pkg_check_modules(LIBSSH2 REQUIRED IMPORTED_TARGET libssh2>=1.10)
pkg_check_modules(LIBCURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(LIBMOSQUITTO REQUIRED IMPORTED_TARGET libmosquitto>=2.0.11)
if(TARGET yaml-cpp::yaml-cpp)  # Debian 13; Debian 12 exports it without a namespace
    set(LAMD_YAML_CPP yaml-cpp::yaml-cpp)
else()
    set(LAMD_YAML_CPP yaml-cpp)
endif()

# Asio and Beast are compiled once, not in every file that includes them.
add_library(lamd_boost STATIC ${CMAKE_SOURCE_DIR}/cmake/boost.cpp)
target_compile_definitions(lamd_boost PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                             BOOST_ASIO_NO_DEPRECATED)
# Beast asserts that the end of a chunked body has five bytes. It may have fewer so far where the body is empty, which its code
# is right about.
target_compile_definitions(lamd_boost PRIVATE $<$<CONFIG:Debug>:BOOST_DISABLE_ASSERTS>)
target_link_libraries(lamd_boost PUBLIC Boost::headers Threads::Threads)
