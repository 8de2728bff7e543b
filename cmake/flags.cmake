# Compiler and linker flags of everything that is built here: warnings are errors, hardening is on.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
                    -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers
                    -Werror=switch -Werror=return-type)
option(LAMD_WERROR "Treat warnings as errors" ON)
if(LAMD_WERROR)
    add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False positives of g++ 12 and 14 in coroutine frames and in std::variant; and, where a string is concatenated,
    # in the optimizer's own copy of it, which come and go with the length of a literal (such as the build's path).
    add_compile_options(-Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-subobject-linkage -Wno-array-bounds
                        -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
endif()

if(LAMD_SANITIZE)
    add_compile_options(-fsanitize=${LAMD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${LAMD_SANITIZE})
    if(LAMD_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize=vptr)  # needs a descriptor for each check, and tests use all of them up
    endif()
    if(LAMD_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-Wno-tsan)
    endif()
else()
    add_compile_options($<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
if(LAMD_FUZZ)  # coverage in the libraries, by which libFuzzer finds its way
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
add_compile_options(-fstack-protector-strong -fPIE)
add_link_options(-pie -Wl,-z,relro,-z,now -Wl,--as-needed)
