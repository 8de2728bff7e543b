# Compiler and linker flags of everything that is built here: warnings are errors, hardening is on.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
                    -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers
                    -Werror=switch -Werror=return-type)
# Functions and lines are enough for the backtrace of a core dump and for a profile; the rest is a third of the time to compile.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
option(LAMD_WERROR "Treat warnings as errors" ON)
if(LAMD_WERROR)
    add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False positives of g++ 12 and 14 in coroutine frames and in std::variant; and, where a string is concatenated,
    # in the optimizer's own copy of it, which come and go with the length of a literal (such as the build's path).
    add_compile_options(-Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-subobject-linkage -Wno-array-bounds
                        -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
    # g++ tidies its memory up when it has grown by half: not before 2 GB, it is a tenth of the time to compile.
    add_compile_options(--param=ggc-min-expand=1000 --param=ggc-min-heapsize=2000000)
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
elseif(NOT LAMD_COVERAGE)
    add_compile_options($<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
if(LAMD_COVERAGE)  # which lines ran, for ./dev coverage; without optimisation, which this needs no more than its reader does
    add_compile_options(-fprofile-instr-generate -fcoverage-mapping -O0 -g0)
    add_link_options(-fprofile-instr-generate)
endif()
if(LAMD_FUZZ)  # coverage in the libraries, by which libFuzzer finds its way
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
add_compile_options(-fstack-protector-strong -fstack-clash-protection -fPIE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
    add_compile_options(-fcf-protection=full)
endif()
# Where the tree lies is in no object, and so not in the build id of a program: packages are the same wherever they are made.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
add_link_options(-pie -Wl,-z,relro,-z,now -Wl,--as-needed)
