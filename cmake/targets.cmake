# Sources of one target share what they include and what of templates they use, so several are compiled as one: half of
# the time of each for itself. So no two of a folder may have a helper of the same name; what two need belongs in a header.
option(LAMD_UNITY "Compile several sources of a target at once" ON)

function(lamd_compile_together target)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${LAMD_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# lamd_library(FOLDER SOURCES... LINK targets...): the static library of one folder. tools/layers.toml holds which folder
# may use which; a library that links another one here without being allowed to include it fails the layer check.
function(lamd_library name)
    cmake_parse_arguments(PARSE_ARGV 1 LIB "" "" "SOURCES;LINK;PRIVATE")
    add_library(lamd_${name} STATIC ${LIB_SOURCES})
    target_include_directories(lamd_${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(lamd_${name} PUBLIC lamd_boost fmt::fmt ${LIB_LINK} PRIVATE ${LIB_PRIVATE})
    lamd_precompile(lamd_${name})
    lamd_compile_together(lamd_${name})
endfunction()

function(lamd_program name)
    cmake_parse_arguments(PARSE_ARGV 1 PROGRAM "" "" "SOURCES;LINK")
    add_executable(${name} ${PROGRAM_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE lamd_boost fmt::fmt ${PROGRAM_LINK})
    lamd_precompile(${name})
    lamd_compile_together(${name})
endfunction()

# One precompiled header for all: made once, by lamd_base.
function(lamd_precompile target)
    if(target STREQUAL "lamd_base")
        target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)
    else()
        target_precompile_headers(${target} REUSE_FROM lamd_base)
    endif()
endfunction()
